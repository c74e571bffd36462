"""Metrics declared as data, bound to one registry, bounded, and never in a request's way."""
