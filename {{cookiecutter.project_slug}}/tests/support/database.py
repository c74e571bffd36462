"""The `database` fixture: a migrated database for one test, which the service uses."""

from collections.abc import Callable, Iterator
from importlib import import_module

import pytest
from database_orm import open_connection
from databases import Databases

Use = Callable[[str], None]


@pytest.fixture
def use_database(mock_env: Callable[..., None]) -> Iterator[Use]:
    """Call it with a URL to make that the service's database for the rest of the test."""
    engine = import_module("{{ cookiecutter.package_name }}.platform.db.engine")

    def use(url: str) -> None:
        mock_env(DATABASE_URL=url)
        engine.dispose()

    yield use
    engine.dispose()


@pytest.fixture
def migrate(use_database: Use) -> Use:
    """Call it with the URL of a database to bring its schema to the newest revision."""
    migrations = import_module("{{ cookiecutter.package_name }}.platform.db.migrations")
    engine = import_module("{{ cookiecutter.package_name }}.platform.db.engine")

    def upgrade(url: str) -> None:
        use_database(url)
        migrations.upgrade()
        engine.dispose()

    return upgrade


@pytest.fixture
def database(databases: Databases, migrate: Use, use_database: Use) -> str:
    """The URL of a database with the newest schema and no rows; the service uses it.

    One connection is open, so that the metrics of a request do not depend on which is the first.
    """
    url = databases.migrated(migrate)
    use_database(url)
    open_connection()
    return url


@pytest.fixture
def empty(databases_of_each_kind: Databases, use_database: Use) -> str:
    """The URL of a database of each kind without tables; the service uses it."""
    url = databases_of_each_kind.empty()
    use_database(url)
    return url


@pytest.fixture
def lose_database(database: str, databases: Databases, use_database: Use) -> Callable[[], None]:
    """Call it to make the database unreachable for the rest of the test."""
    return lambda: use_database(databases.unreachable())
