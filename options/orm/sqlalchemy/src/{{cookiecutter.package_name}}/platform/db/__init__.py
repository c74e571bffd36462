"""The database: engine, sessions and migrations."""

from .engine import Model, session
from .types import UtcDateTime

__all__ = ["Model", "UtcDateTime", "session"]
