"""What the tests of every database ask of Django's models and migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


def everything() -> set[str]:
    """The applications that an empty database lacks."""
    loader = import_module("django.db.migrations.loader").MigrationLoader(None)
    return {application for application, _ in loader.graph.nodes}


def open_connection() -> None:
    """Open the connection of this thread, and let the next request have it."""
    import_module("django.db").connection.ensure_connection()
    import_module("{{ cookiecutter.package_name }}.platform.db.measured").give_back()


@contextmanager
def alone() -> Iterator[None]:
    """Hold what an upgrade waits for."""
    with import_module("{{ cookiecutter.package_name }}.platform.db.migrations").alone():
        yield
