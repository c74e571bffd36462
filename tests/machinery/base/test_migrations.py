"""Each component's schema is migrated on its own, once, and readiness waits for it."""

import multiprocessing

import pytest
from database_orm import BRINGS_MIGRATIONS, alone

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.platform.core.components import discover
from {{ cookiecutter.package_name }}.platform.db import engine, migrations
from {{ cookiecutter.package_name }}.platform.db.migrations import MigrationsPending


def owners() -> set[str]:
    """Who has migrations: components, and what the ORM brings."""
    return {component.name for component in discover() if component.migrations} | BRINGS_MIGRATIONS


def test_an_empty_database_is_pending_until_it_is_upgraded(empty):
    assert set(migrations.pending()) == owners()
    if owners():
        names = ", ".join(sorted(owners()))
        with pytest.raises(MigrationsPending, match=f"run `db upgrade`: the schema of {names} is"):
            migrations.check()
    migrations.upgrade()
    migrations.check()
    assert migrations.pending() == ()


def test_the_command_upgrades_and_says_what(empty, capsys):
    assert main(["db", "upgrade"]) == 0
    names = ", ".join(sorted(owners()))
    expected = f"upgraded {names}\n" if names else "nothing to upgrade\n"
    assert capsys.readouterr().out == expected


def test_serve_migrates_an_embedded_database_first_and_no_other(empty):
    database = next(component for component in discover() if component.name == "database")
    database.prepare()
    left = set() if empty.startswith("sqlite") else owners()
    assert set(migrations.pending()) == left


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
    with alone():
        go.set()
        for process in processes:  # without migrations there is nothing to wait for
            process.join(timeout=0.05 if owners() else None)
        assert [process.is_alive() for process in processes] == [bool(owners())] * 4
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
