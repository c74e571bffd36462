"""What the service logs, counted: messages by level, errors by type, requests; and Sentry."""
