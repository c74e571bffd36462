"""The engine, made on first use, and sessions on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Session

from ..core.config import load
from .settings import DatabaseSettings

BUSY_TIMEOUT_SECONDS = 5.0  # how long SQLite waits for another writer


class Model(DeclarativeBase):
    """Base of every table's class."""


_lock = Lock()
_engine: Engine | None = None


def engine() -> Engine:
    """The engine for DATABASE_URL; no connection is opened before it is needed.

    Raises:
        SettingsError: DATABASE_URL is wrong.
    """
    global _engine  # noqa: PLW0603 - one pool a process
    with _lock:
        if _engine is None:
            url = load(DatabaseSettings).database_url.get_secret_value()
            _engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
            event.listen(_engine, "connect", _prepare_sqlite)
        return _engine


def dispose() -> None:
    """Close the pool; the next use makes a new engine."""
    global _engine  # noqa: PLW0603 - one pool a process
    with _lock:
        if _engine is not None:
            _engine.dispose()
            _engine = None


@contextmanager
def session() -> Iterator[Session]:
    """A session that commits at the end of the block, rolls back if the block raises."""
    with Session(engine(), expire_on_commit=False) as open_session, open_session.begin():
        yield open_session


def ping() -> None:
    """Ask the database for a constant.

    Raises:
        SQLAlchemyError: it does not answer.
    """
    with engine().connect() as connection:
        connection.execute(text("SELECT 1"))


def _prepare_sqlite(connection: Any, record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers go on while one writes
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
