"""What the tests of every database ask of SQLAlchemy and Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

BRINGS_MIGRATIONS: frozenset[str] = frozenset()


def open_connection() -> None:
    """Put a connection into the pool."""
    import_module("{{ cookiecutter.package_name }}.platform.db.engine").ping()


@contextmanager
def alone() -> Iterator[None]:
    """Hold what an upgrade waits for."""
    engine = import_module("{{ cookiecutter.package_name }}.platform.db.engine")
    with engine.engine().begin() as connection:
        for statement in engine.dialect().lock:
            connection.exec_driver_sql(statement)
        yield
