"""The schema is what the models say, and a newer one is nothing to worry about."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from {{ cookiecutter.package_name }}.platform.core.components import discover
from {{ cookiecutter.package_name }}.platform.db import engine, migrations


def test_the_schema_is_what_the_models_say(database):
    tables = set(engine.Model.metadata.tables)
    with engine.engine().connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, parents: kind != "table" or name in tables},
        )
        assert compare_metadata(context, engine.Model.metadata) == []


def test_a_schema_that_a_newer_version_migrated_is_not_pending(empty):
    migrations.upgrade()
    with engine.engine().begin() as connection:
        for owner in (component for component in discover() if component.migrations):
            table = f"alembic_version_{owner.name}"  # a component's own
            connection.execute(text(f"UPDATE {table} SET version_num = 'newer'"))
    migrations.check()
    assert migrations.upgrade() == ()
