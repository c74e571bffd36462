"""Schema migrations: each component has its own, in its folder, with a version table of its own."""

import logging
from functools import cache
from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..core.components import Component, discover
from .engine import Model, dialect, engine

log = logging.getLogger(__name__)
logging.getLogger("alembic.runtime").setLevel(logging.WARNING)  # it greets every connection


class MigrationsPending(Exception):  # noqa: N818 - the name says what is wrong
    """The schema is behind the code; the message names the components."""


def upgrade() -> tuple[str, ...]:
    """Bring the schema of every component to its newest revision, in one transaction each.

    Of several that come at once, one migrates; the others wait and find nothing left to do.

    Returns:
        The components that were behind.
    """
    upgraded = []
    for component in _owners():
        with engine().begin() as connection:
            for statement in dialect().lock:
                connection.exec_driver_sql(statement)
            if not _is_behind(connection, component):
                continue
            config = _config(component)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        log.info("migrated %s", component.name)
        upgraded.append(component.name)
    return tuple(upgraded)


def pending() -> tuple[str, ...]:
    """The components whose schema is behind their code."""
    with engine().connect() as connection:
        return tuple(owner.name for owner in _owners() if _is_behind(connection, owner))


def check() -> None:
    """Pass when nothing is pending.

    Raises:
        MigrationsPending: names the components that are behind.
    """
    behind = pending()
    if behind:
        names = ", ".join(behind)
        raise MigrationsPending(f"run `db upgrade`: the schema of {names} is behind the code")


def revise(component: Component, message: str) -> None:
    """Write a new revision from the difference between the component's models and the schema."""
    with engine().connect() as connection:
        config = _config(component)
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True)


def _owners() -> tuple[Component, ...]:
    return tuple(component for component in discover() if component.migrations)


def _is_behind(connection: Connection, component: Component) -> bool:
    context = MigrationContext.configure(
        connection, opts={"version_table": _version_table(component)}
    )
    current = set(context.get_current_heads())
    heads, known = _revisions(component)
    # A revision that this code does not know is a newer version's: during a deployment the old
    # version goes on with the new schema.
    return current != heads and current <= known


@cache
def _revisions(component: Component) -> tuple[frozenset[str], frozenset[str]]:
    scripts = ScriptDirectory.from_config(_config(component))
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return frozenset(scripts.get_heads()), known


def _version_table(component: Component) -> str:
    return f"alembic_version_{component.name}"


def _config(component: Component) -> Config:
    migrations = import_module(str(component.migrations))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("alembic")))
    config.set_main_option("version_locations", str(Path(migrations.__path__[0])))
    config.set_main_option("path_separator", "newline")
    config.attributes["version_table"] = _version_table(component)
    config.attributes["metadata"] = Model.metadata
    config.attributes["tables"] = _tables(component)
    return config


def _tables(component: Component) -> frozenset[str]:
    """The tables of the models in the component's folder."""
    folder = str(component.migrations).rpartition(".")[0]
    return frozenset(
        str(mapper.local_table)
        for mapper in Model.registry.mappers
        if mapper.class_.__module__.startswith(f"{folder}.")
    )
