"""Where the data lives; the engine, made on first use; and sessions on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from pydantic import Field, field_validator
from sqlalchemy import Engine, MetaData, create_engine, event, make_url, select
from sqlalchemy.orm import DeclarativeBase, Session

from ..core.config import SecretUrl, load
from .dialect import Dialect, check_url
from .dialects import DIALECTS, DialectSettings
from .measured import MeasuredPool, measure, measure_models

# One name for one constraint on every database, so that a revision can find it again.
NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_lock = Lock()
_engine: Engine | None = None


class DatabaseSettings(DialectSettings):
    """Where the data lives; the URL may hold a password, which is never shown."""

    database_url: SecretUrl = SecretUrl("sqlite:///service.db")
    """SQLAlchemy URL of the database; SQLite is embedded and needs no server."""
    database_pool_size: int = Field(5, ge=1, le=1000)
    """Connections that a worker keeps open."""
    database_max_overflow: int = Field(10, ge=0, le=1000)
    """Connections that a worker may open beyond those, for a while."""
    database_pool_timeout_seconds: float = Field(5.0, gt=0, le=60)
    """How long a caller waits for a free connection; in seconds."""

    @field_validator("database_url")
    @classmethod
    def _is_supported(cls, value: SecretUrl) -> SecretUrl:
        check_url(value.get_secret_value(), DIALECTS)
        return value


class Model(DeclarativeBase):
    """Base of every table's class."""

    metadata = MetaData(naming_convention=NAMES)


measure_models(Model)


def engine() -> Engine:
    """The one engine for DATABASE_URL; no connection is opened before it is needed."""
    global _engine  # noqa: PLW0603 - one pool per process, also when two checks ask for it at once
    with _lock:
        if _engine is None:
            settings = load(DatabaseSettings)
            size, overflow = settings.database_pool_size, settings.database_max_overflow
            pool = {"poolclass": MeasuredPool, "pool_size": size, "max_overflow": overflow}
            _engine = make(**pool, pool_timeout=settings.database_pool_timeout_seconds)
            measure(_engine, size, overflow)
        return _engine


def make(**pool: Any) -> Engine:
    """A new engine for DATABASE_URL with that pool, not measured."""
    settings = load(DatabaseSettings)
    url = make_url(settings.database_url.get_secret_value())
    kind = DIALECTS[url.get_backend_name()]
    arguments = kind.connect_arguments(settings)
    made = create_engine(
        url,
        # What the URL says itself stands.
        connect_args={name: arguments[name] for name in arguments if name not in url.query},
        hide_parameters=True,  # they are the users' data, and errors are logged
        pool_pre_ping=not kind.embedded,  # a server may have been restarted meanwhile
        **pool,
    )
    event.listen(made, "connect", lambda connection, record: kind.prepare(connection))
    return made


def dialect() -> Dialect:
    """The kind of database that DATABASE_URL names."""
    return DIALECTS[engine().dialect.name]


def dispose() -> None:
    """Close the pool; the next use makes a new engine."""
    global _engine  # noqa: PLW0603 - as above
    with _lock:
        if _engine is not None:
            _engine.dispose()
            _engine = None


@contextmanager
def session() -> Iterator[Session]:
    """A session that commits at the end of the block, rolls back if the block raises."""
    with Session(engine(), expire_on_commit=False) as open_session:
        yield open_session
        open_session.commit()


def get_session() -> Iterator[Session]:
    """A session to inject, such as by FastAPI's `Depends`; closing rolls back what is not committed."""
    with Session(engine(), expire_on_commit=False) as open_session:
        yield open_session


def ping() -> None:
    """Ask the database for a constant; SQLAlchemyError if it does not answer."""
    with engine().connect() as connection:
        connection.execute(select(1))
