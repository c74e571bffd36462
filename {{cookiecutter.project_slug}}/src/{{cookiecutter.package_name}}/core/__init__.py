"""What every part of the service stands on: settings, components, lifecycle, logging."""
