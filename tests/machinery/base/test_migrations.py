"""The schema is migrated once, whoever comes at the same time, and readiness waits for it."""

import multiprocessing
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from database_orm import alone, everything

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.platform.core import command_line
from {{ cookiecutter.package_name }}.platform.core.components import discover
from {{ cookiecutter.package_name }}.platform.db import engine, migrations
from {{ cookiecutter.package_name }}.platform.db.migrations import MigrationsPending

COMPONENTS = discover()


def test_an_empty_database_is_pending_until_it_is_upgraded(empty):
    assert set(migrations.pending()) == everything()
    if everything():
        with pytest.raises(MigrationsPending, match="run `db upgrade`: the schema") as raised:
            migrations.check()
        assert all(name in str(raised.value) for name in everything())
    migrations.upgrade()
    migrations.check()
    assert migrations.pending() == ()


def test_the_command_upgrades_and_says_what(empty, capsys):
    assert main(["db", "upgrade"]) == 0
    names = ", ".join(sorted(everything()))
    expected = f"upgraded {names}\n" if names else "nothing to upgrade\n"
    assert capsys.readouterr().out == expected


def test_serve_migrates_an_embedded_database_first_and_no_other(empty):
    database = next(component for component in discover() if component.name == "database")
    database.prepare()
    left = set() if empty.startswith("sqlite") else everything()
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
        for process in processes:
            process.join(timeout=0.05)
        assert [process.is_alive() for process in processes] == [True] * 4
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    results = sorted((upgraded.get() for _ in processes), key=len)
    assert results == [set(), set(), set(), everything()]
    migrations.check()


def upgrade() -> None:
    """Run `db upgrade`."""
    main(["db", "upgrade"])


def prepare() -> None:
    """Do what `serve` does before it starts a worker."""
    next(component for component in COMPONENTS if component.name == "database").prepare()


def refusal(capsys, command) -> str:
    """What a command that ends with code 3 prints: one line, after the address where it serves.

    It shows no URL of the database, which may hold a secret.
    """
    with pytest.raises(SystemExit) as left:
        command()
    assert left.value.code == 3
    *before, line = capsys.readouterr().err.splitlines()
    assert all(" http://127.0.0.1:" in one for one in before)
    assert len(before) < 2
    assert line.startswith("DATABASE_URL: the database")
    assert "://" not in line
    return line


def test_an_upgrade_of_a_database_that_is_down_says_so_and_nothing_secret(
    databases_of_each_kind, use_database, capsys
):
    use_database(databases_of_each_kind.unreachable())
    assert "cannot be opened: " in refusal(capsys, upgrade)


def test_serve_refuses_an_embedded_database_that_it_cannot_open(
    tmp_path, mock_env, use_database, capsys
):
    mock_env(PORT="0")
    use_database(f"sqlite:///{tmp_path}")
    assert f"{tmp_path} cannot be opened: " in refusal(capsys, lambda: main(["serve"]))


@pytest.fixture
def forbid(use_database, monkeypatch, tmp_path, capsys):
    """Call it to use a database in a folder where what `make` forbids is forbidden for root too."""
    user = os.geteuid()
    # Whoever is not root may not even look into the project's folder: what is needed from there is
    # read before, by a first failure.
    monkeypatch.setattr(command_line, "discover", lambda: COMPONENTS)
    use_database(f"sqlite:///{tmp_path}/absent/service.db")
    refusal(capsys, upgrade)
    with TemporaryDirectory() as parent:  # pytest's own is closed to others
        Path(parent).chmod(0o755)
        path = Path(parent) / "data" / "service.db"
        path.parent.mkdir()

        def forbid(make) -> Path:
            make(path)
            use_database(f"sqlite:///{path}")
            if user == 0:
                os.seteuid(65534)
            return path

        yield forbid
        os.seteuid(user)


def absent_folder(path) -> None:
    """There is no such folder."""
    path.parent.rmdir()


def folder(path) -> None:
    """It is a folder."""
    path.mkdir()


def closed_folder(path) -> None:
    """Nobody may write into its folder."""
    path.parent.chmod(0o555)


def closed_file(path) -> None:
    """It is a database that nobody may write into."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a int)")
    path.chmod(0o444)


def another_file(path) -> None:
    """It is a file, but no database."""
    path.write_text("Dear reader, this is not a database. " * 50)


@pytest.mark.parametrize("command", [prepare, upgrade])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (absent_folder, "unable to open database file"),
        (folder, "unable to open database file"),
        (closed_folder, "unable to open database file"),
        (closed_file, "attempt to write a readonly database"),
        (another_file, "file is not a database"),
    ],
)
def test_an_embedded_database_that_cannot_be_opened_is_one_line_and_code_3(
    forbid, capsys, command, make, reason
):
    path = forbid(make)
    assert f"{path} cannot be opened: {reason}" in refusal(capsys, command)
