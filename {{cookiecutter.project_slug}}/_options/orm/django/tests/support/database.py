"""The `database` fixture: an empty, migrated SQLite file for one test."""

import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the newest schema, migrated once; to be copied, not changed."""
    engine = import_module("{{ cookiecutter.package_name }}.db.engine")
    migrations = import_module("{{ cookiecutter.package_name }}.db.migrations")
    config = import_module("{{ cookiecutter.package_name }}.core.config")
    file = tmp_path_factory.mktemp("migrated") / "test.db"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", f"sqlite:///{file}")
        config.forget()
        engine.dispose()
        migrations.upgrade()
        engine.dispose()
    config.forget()
    return file


@pytest.fixture
def database(tmp_path: Path, migrated: Path, mock_env: Callable[..., None]) -> Iterator[str]:
    """The URL of an empty database with the newest schema; DATABASE_URL is set to it."""
    engine = import_module("{{ cookiecutter.package_name }}.db.engine")
    file = shutil.copy(migrated, tmp_path / "test.db")
    url = f"sqlite:///{file}"
    mock_env(DATABASE_URL=url)
    engine.dispose()
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
