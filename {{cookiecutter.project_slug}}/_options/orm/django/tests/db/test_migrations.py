"""Each component's schema is migrated on its own, once, and readiness waits for it."""

import shutil

import pytest
from django.core.management import call_command
from django.db import connection

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.core.components import discover
from {{ cookiecutter.package_name }}.db import engine, migrations
from {{ cookiecutter.package_name }}.db.migrations import MigrationsPending

DJANGOS = {"admin", "auth", "contenttypes", "sessions"}


@pytest.fixture
def empty(tmp_path, mock_env):
    """The URL of a database without tables."""
    url = f"sqlite:///{tmp_path}/empty.db"
    mock_env(DATABASE_URL=url)
    engine.dispose()
    yield url
    engine.dispose()


def owners() -> set[str]:
    """The applications with migrations: components, and Django's own."""
    return {component.name for component in discover() if component.migrations} | DJANGOS


def test_an_empty_database_is_pending_until_it_is_upgraded(empty):
    assert set(migrations.pending()) == owners()
    with pytest.raises(MigrationsPending, match="run `db upgrade`: the schema of admin, auth, "):
        migrations.check()
    migrations.upgrade()
    migrations.check()
    assert migrations.pending() == ()


def test_the_command_upgrades_and_says_what(empty, capsys):
    assert main(["db", "upgrade"]) == 0
    assert capsys.readouterr().out == f"upgraded {', '.join(sorted(owners()))}\n"


def test_the_schema_is_what_the_models_say(database):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_serve_migrates_an_embedded_database_first_and_leaves_no_connection(empty):
    found = next(component for component in discover() if component.name == "database")
    found.prepare()
    assert connection.connection is None
    migrations.check()


def test_a_check_leaves_no_connection_to_the_thread_that_made_it(database):
    for probe in (engine.ping, migrations.check):
        probe()
        assert connection.connection is None


def test_a_disposed_connection_goes_where_the_settings_say_then(database, tmp_path, mock_env):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        assert cursor.fetchone()[2] == f"{tmp_path}/test.db"
    other = shutil.copy(tmp_path / "test.db", tmp_path / "other.db")
    engine.dispose()
    mock_env(DATABASE_URL=f"sqlite:///{other}")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        assert cursor.fetchone()[2] == str(other)


def test_the_database_keeps_its_journal_apart_so_that_readers_go_on(database):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
        cursor.execute("PRAGMA foreign_keys")
        assert cursor.fetchone() == (1,)


def test_a_revision_is_written_into_the_folder_of_its_component(database, monkeypatch):
    asked = []
    monkeypatch.setattr(migrations, "call_command", lambda *a, **k: asked.append((a, k)))
    for owner in (component for component in discover() if component.migrations):
        migrations.revise(owner, "Add a colour")
        label = owner.migrations.split(".")[-2]
        assert asked.pop() == (("makemigrations", label), {"name": "add_a_colour"})
