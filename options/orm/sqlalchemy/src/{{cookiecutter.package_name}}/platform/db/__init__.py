"""The database: engine, sessions and migrations."""

from .engine import Model, get_session, session
from .types import UtcDateTime

__all__ = ["Model", "UtcDateTime", "get_session", "session"]
