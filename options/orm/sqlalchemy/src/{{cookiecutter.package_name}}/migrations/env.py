"""What Alembic runs, for `alembic` and for `db upgrade`; revisions are written by tools/revisions.py."""

from importlib import import_module
from pathlib import Path
from runpy import run_path

from alembic import context

# Alembic runs this file by its path, so that it has no package to import relative to.
package = Path(__file__).parents[1]
db = import_module(f"{package.name}.platform.db")
migrations = import_module(f"{db.__name__}.migrations")
tools = package.parents[1] / "tools" / "revisions.py"  # an installed service has none
options = run_path(str(tools))["options"]() if tools.exists() else {}

with migrations.connection(context.config) as connection:
    # The metadata says what constraints without a name are called.
    context.configure(connection=connection, target_metadata=db.Model.metadata, **options)
    with context.begin_transaction():
        context.run_migrations()
