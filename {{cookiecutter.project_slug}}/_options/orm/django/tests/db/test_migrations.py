"""Each component's schema is migrated on its own, once, and readiness waits for it."""

import multiprocessing

import pytest
from django.core.management import call_command
from django.db import connection

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.core.components import discover
from {{ cookiecutter.package_name }}.db import engine, migrations
from {{ cookiecutter.package_name }}.db.migrations import MigrationsPending

DJANGOS = {"admin", "auth", "contenttypes", "sessions"}


@pytest.fixture
def empty(databases_of_each_kind, use_database):
    """The URL of a database without tables; the service uses it."""
    url = databases_of_each_kind.empty()
    use_database(url)
    return url


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


def test_serve_migrates_an_embedded_database_first_and_no_other(empty):
    found = next(component for component in discover() if component.name == "database")
    found.prepare()
    assert connection.connection is None
    assert set(migrations.pending()) == (set() if empty.startswith("sqlite") else owners())


def test_a_schema_that_a_newer_version_migrated_is_not_pending(empty):
    migrations.upgrade()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '9999', %s)",
            ["2030-01-01 00:00:00+00:00"],
        )
    migrations.check()
    assert migrations.upgrade() == ()


def test_four_processes_that_upgrade_at_once_do_not_race(empty):
    fork = multiprocessing.get_context("fork")
    go, upgraded = fork.Event(), fork.SimpleQueue()

    def upgrade() -> None:
        go.wait()
        upgraded.put(set(migrations.upgrade()))

    engine.dispose()
    processes = [fork.Process(target=upgrade, daemon=True) for _ in range(4)]
    for process in processes:
        process.start()
    with migrations.alone():
        go.set()
        processes[0].join(timeout=0.5)
        assert [process.is_alive() for process in processes] == [True] * 4
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert sorted((upgraded.get() for _ in processes), key=len) == [set(), set(), set(), owners()]
    migrations.check()


def test_an_upgrade_of_a_database_that_is_down_says_so_and_nothing_secret(
    databases_of_each_kind, use_database
):
    use_database(databases_of_each_kind.unreachable())
    with pytest.raises(SystemExit, match="of DATABASE_URL cannot be upgraded: ") as left:
        main(["db", "upgrade"])
    assert "://" not in str(left.value)


def test_a_check_leaves_no_connection_to_the_thread_that_made_it(database):
    for probe in (engine.ping, migrations.check):
        probe()
        assert connection.connection is None


def test_a_revision_is_written_into_the_folder_of_its_component(database, monkeypatch):
    asked = []
    monkeypatch.setattr(migrations, "call_command", lambda *a, **k: asked.append((a, k)))
    for owner in (component for component in discover() if component.migrations):
        migrations.revise(owner, "Add a colour")
        label = owner.migrations.split(".")[-2]
        assert asked.pop() == (("makemigrations", label), {"name": "add_a_colour"})
