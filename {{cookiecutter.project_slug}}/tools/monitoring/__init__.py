"""Checks of what watches the service: `python -m tools.monitoring`, or `make monitoring-check`."""
