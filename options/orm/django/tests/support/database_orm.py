"""What the tests of every database ask of Django's models and migrations, beside pytest-django."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import django
import pytest
from database_kinds import KINDS
from databases import SUPPLY
from django.test import SimpleTestCase
from pytest_django import DjangoDbBlocker

SERVICE = "{{ cookiecutter.package_name }}"


def everything() -> set[str]:
    """The applications that an empty database lacks."""
    loader = import_module("django.db.migrations.loader").MigrationLoader(None)
    return {application for application, _ in loader.graph.nodes}


def pytest_configure(config: pytest.Config) -> None:
    """Set Django up, now that the variables are those of the tests."""
    environment = pytest.MonkeyPatch()
    environment.setenv("DJANGO_SETTINGS_MODULE", f"{SERVICE}.settings")
    config.add_cleanup(environment.undo)
    django.setup()


def uses_djangos_database(item: pytest.Item) -> bool:
    """Whether the test is on the database of pytest-django, which all such tests share."""
    asked = {"db", "transactional_db", "live_server"} & {*getattr(item, "fixturenames", ())}
    kind = getattr(item, "cls", None) or object
    return bool(asked or item.get_closest_marker("django_db") or issubclass(kind, SimpleTestCase))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Lead such a test to that database; the last one may have been elsewhere."""
    if uses_djangos_database(item):
        _follow_the_environment()


@pytest.fixture(scope="session")
def django_db_setup(
    pytestconfig: pytest.Config, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """pytest-django's database: migrated, and of the kind that the service's tests have."""
    with pytest.MonkeyPatch.context() as environment:
        url = pytestconfig.stash[SUPPLY].of(next(iter(KINDS))).for_the_session()
        environment.setenv("DATABASE_URL", url)
        _follow_the_environment()
        with django_db_blocker.unblock():
            import_module(f"{SERVICE}.platform.db.migrations").upgrade()
        yield


def _follow_the_environment() -> None:
    import_module(f"{SERVICE}.platform.core.config").forget()
    import_module(f"{SERVICE}.platform.db.engine").dispose()


@pytest.fixture(autouse=True)
def _access(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Only a test that asks gets at a database: pytest-django's way, or by a fixture of ours."""
    if uses_djangos_database(request.node):
        yield
        return
    asked = "use_database" in request.fixturenames
    with django_db_blocker.unblock() if asked else django_db_blocker.block():
        yield


def open_connection() -> None:
    """Open the connection of this thread, and let the next request have it."""
    import_module("django.db").connection.ensure_connection()
    import_module(f"{SERVICE}.platform.db.measured").give_back()


@contextmanager
def alone() -> Iterator[None]:
    """Hold what an upgrade waits for."""
    with import_module(f"{SERVICE}.platform.db.migrations").alone():
        yield
