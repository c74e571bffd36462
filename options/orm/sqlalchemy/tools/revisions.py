"""How Alembic compares the schema with the models, and writes a revision."""

import logging
import re
from importlib import import_module
from typing import Any, Literal

from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from {{ cookiecutter.package_name }}.platform.core.components import discover, modules
from {{ cookiecutter.package_name }}.platform.core.config import ServiceSettings, load
from {{ cookiecutter.package_name }}.platform.core.logging import configure
from {{ cookiecutter.package_name }}.platform.core.variables import SettingsError
from {{ cookiecutter.package_name }}.platform.db import Model
from {{ cookiecutter.package_name }}.platform.db.engine import DatabaseSettings
from {{ cookiecutter.package_name }}.platform.db.migrations import CannotMigrate, number

LONGEST_ID = 32  # the width of Alembic's column


def metadata() -> MetaData:
    """The tables of every model: of the components, and of each `models.py` beside them."""
    discover()
    for name in modules("models"):
        import_module(name)
    return Model.metadata


def render_type(kind: str, item: object, autogenerate: Any) -> Literal[False]:
    """Import the column types that are neither SQLAlchemy's nor written by Alembic itself."""
    module = type(item).__module__
    if kind == "type" and not module.startswith("sqlalchemy."):
        autogenerate.imports.add(f"import {module}")
    return False


def name_revision(context: Any, parents: object, directives: list[Any]) -> None:
    """Give a revision the next number, and its message as name; drop one that changes nothing."""
    config, revision = context.config, directives[0]
    if getattr(config.cmd_opts, "autogenerate", False) and revision.upgrade_ops.is_empty():
        directives.clear()
        config.print_stdout("Nothing changed: no revision is written.")
    elif not getattr(config.cmd_opts, "rev_id", None):
        known = ScriptDirectory.from_config(config).walk_revisions()
        newest = max((number(script.revision) for script in known), default=0)
        words = re.sub(r"\W+", "_", (revision.message or "").lower())
        revision.rev_id = f"{newest + 1:04}_{words}"[:LONGEST_ID].strip("_")


def options() -> dict[str, Any]:
    """What Alembic's `configure` takes for it; CannotMigrate if a setting is wrong."""
    try:
        load(DatabaseSettings)
        if not logging.root.handlers:  # the command `alembic` says nothing otherwise
            configure(load(ServiceSettings))
    except SettingsError as error:
        raise CannotMigrate(str(error)) from None
    metadata()  # Alembic compares the tables of the models that are imported
    return {
        "render_item": render_type,
        "process_revision_directives": name_revision,
        "render_as_batch": True,  # SQLite changes a column by copying the table
    }
