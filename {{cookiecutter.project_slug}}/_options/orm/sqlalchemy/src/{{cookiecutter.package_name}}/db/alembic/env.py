"""What Alembic runs: the migrations of one component, on the connection it is given."""

from importlib import import_module

from alembic import context

from {{ cookiecutter.package_name }}.db.engine import Model

component = context.config.attributes["component"]
models = import_module(f"{component.migrations.rpartition('.')[0]}.models")
tables = {
    str(mapper.local_table)
    for mapper in Model.registry.mappers
    if mapper.class_.__module__ == models.__name__
}

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Model.metadata,
    version_table=context.config.attributes["version_table"],
    include_name=lambda name, kind, parents: kind != "table" or name in tables,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
