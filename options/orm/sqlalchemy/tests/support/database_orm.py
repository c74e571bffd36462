"""What the tests of every database ask of SQLAlchemy and Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path


def everything() -> set[str]:
    """The revisions that an empty database lacks."""
    migrations = import_module("{{ cookiecutter.package_name }}.platform.db.migrations")
    folder = Path(migrations.__file__).parents[2] / "migrations" / "versions"
    return {file.stem for file in folder.glob("*.py")}


def open_connection() -> None:
    """Put a connection into the pool."""
    import_module("{{ cookiecutter.package_name }}.platform.db.engine").ping()


@contextmanager
def alone() -> Iterator[None]:
    """Hold what an upgrade waits for."""
    with import_module("{{ cookiecutter.package_name }}.platform.db.migrations").alone():
        yield
