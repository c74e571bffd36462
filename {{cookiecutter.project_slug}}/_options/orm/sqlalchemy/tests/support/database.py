"""The `database` fixture: an empty, migrated SQLite file for one test."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest


@pytest.fixture
def database(tmp_path: Path, mock_env: Callable[..., None]) -> Iterator[str]:
    """The URL of an empty database with the newest schema; DATABASE_URL is set to it."""
    engine = import_module("{{ cookiecutter.package_name }}.db.engine")
    migrations = import_module("{{ cookiecutter.package_name }}.db.migrations")
    url = f"sqlite:///{tmp_path}/test.db"
    mock_env(DATABASE_URL=url)
    engine.dispose()
    migrations.upgrade()
    yield url
    engine.dispose()


@pytest.fixture
def lose_database(
    database: str, tmp_path: Path, mock_env: Callable[..., None]
) -> Callable[[], None]:
    """Call it to make the database unreachable for the rest of the test."""
    engine = import_module("{{ cookiecutter.package_name }}.db.engine")

    def lose() -> None:
        engine.dispose()
        mock_env(DATABASE_URL=f"sqlite:///{tmp_path}/no-such-folder/test.db")

    return lose
