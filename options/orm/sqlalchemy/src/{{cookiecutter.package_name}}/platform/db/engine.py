"""The engine, made on first use, and sessions on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from ..core.config import load
from .dialect import Dialect
from .dialects import DIALECTS
from .measured import MeasuredPool, measure, measure_models
from .settings import DatabaseSettings

UNREACHABLE = OperationalError  # what is raised where the database does not answer


class Model(DeclarativeBase):
    """Base of every table's class."""


measure_models(Model)

_lock = Lock()
_engine: Engine | None = None


def engine() -> Engine:
    """The engine for DATABASE_URL; no connection is opened before it is needed.

    Raises:
        SettingsError: a database setting is wrong.
    """
    global _engine  # noqa: PLW0603 - one pool a process
    with _lock:
        if _engine is None:
            _engine = _make(load(DatabaseSettings))
        return _engine


def dialect() -> Dialect:
    """The kind of database that DATABASE_URL names.

    Raises:
        SettingsError: a database setting is wrong.
    """
    return DIALECTS[engine().dialect.name]


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


def _make(settings: DatabaseSettings) -> Engine:
    url = make_url(settings.database_url.get_secret_value())
    kind = DIALECTS[url.get_backend_name()]
    arguments = kind.connect_arguments(settings)
    made = create_engine(
        url,
        # What the URL says itself stands.
        connect_args={name: arguments[name] for name in arguments if name not in url.query},
        hide_parameters=True,  # they are the users' data, and errors are logged
        poolclass=MeasuredPool,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_pool_timeout_seconds,
        pool_pre_ping=not kind.embedded,  # a server may have been restarted meanwhile
    )
    event.listen(made, "connect", lambda connection, record: kind.prepare(connection))
    measure(made, settings.database_pool_size, settings.database_max_overflow)
    return made
