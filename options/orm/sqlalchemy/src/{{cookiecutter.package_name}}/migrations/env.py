"""What Alembic runs, for `alembic` and for `db upgrade`: it takes the connection and compares with the models."""

from importlib import import_module
from pathlib import Path

from alembic import context

# Alembic runs this file by its path, so that it has no package to import relative to.
migrations = import_module(f"{Path(__file__).parents[1].name}.platform.db.migrations")

with migrations.connection(context.config) as connection:
    context.configure(
        connection=connection,
        target_metadata=migrations.metadata(),
        render_item=migrations.render_type,
        process_revision_directives=migrations.name_revision,
        render_as_batch=True,  # SQLite changes a column by copying the table
    )
    with context.begin_transaction():
        context.run_migrations()
