"""Each component's schema is migrated on its own, once, and readiness waits for it."""

import pytest
from sqlalchemy import inspect

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.core.components import discover
from {{ cookiecutter.package_name }}.db import engine, migrations
from {{ cookiecutter.package_name }}.db.migrations import MigrationsPending


@pytest.fixture
def empty(tmp_path, mock_env):
    """The URL of a database without tables."""
    url = f"sqlite:///{tmp_path}/empty.db"
    mock_env(DATABASE_URL=url)
    engine.dispose()
    yield url
    engine.dispose()


def owners() -> set[str]:
    """The components with migrations."""
    return {component.name for component in discover() if component.migrations}


def test_an_empty_database_is_pending_until_it_is_upgraded(empty):
    assert {component.name for component in migrations.pending()} == owners()
    if owners():
        with pytest.raises(MigrationsPending, match="run `db upgrade`"):
            migrations.check()
    migrations.upgrade()
    migrations.check()
    tables = set(inspect(engine.engine()).get_table_names())
    assert {f"alembic_version_{name}" for name in owners()} <= tables


def test_the_command_upgrades_and_says_what(empty, capsys):
    assert main(["db", "upgrade"]) == 0
    names = ", ".join(sorted(owners()))
    expected = f"upgraded {names}\n" if names else "nothing to upgrade\n"
    assert capsys.readouterr().out == expected


def test_the_schema_is_what_the_models_say(database):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    tables = set(engine.Model.metadata.tables)
    with engine.engine().connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, parents: kind != "table" or name in tables},
        )
        assert compare_metadata(context, engine.Model.metadata) == []


def test_serve_migrates_an_embedded_database_first(empty):
    database = next(component for component in discover() if component.name == "database")
    database.prepare()
    migrations.check()
