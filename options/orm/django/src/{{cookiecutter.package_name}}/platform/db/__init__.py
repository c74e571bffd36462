"""The database: what Django needs to get there; models come from `django.db`, as everywhere."""

from .engine import databases

__all__ = ["databases"]
