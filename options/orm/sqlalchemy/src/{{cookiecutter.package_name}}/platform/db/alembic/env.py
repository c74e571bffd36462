"""What Alembic runs: the migrations of one component, on the connection it is given."""

from alembic import context

given = context.config.attributes

context.configure(
    connection=given["connection"],
    version_table=given["version_table"],
    target_metadata=given["metadata"],
    include_name=lambda name, kind, parents: kind != "table" or name in given["tables"],
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
