"""What came with the template; the service stands on it, and updates of the template change it."""
