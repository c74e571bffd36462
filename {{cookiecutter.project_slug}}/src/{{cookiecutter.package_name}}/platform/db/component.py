"""The component of the database: its settings, metrics, checks and commands."""

import argparse

from ..core.components import Component, HealthCheck, discover
from . import engine, migrations
from .metrics import DatabaseMetrics
from .settings import DatabaseSettings


def _commands(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    database = parsers.add_parser("db", help="the database: upgrade, revision")
    actions = database.add_subparsers(required=True, metavar="ACTION")
    upgrade = actions.add_parser("upgrade", help="bring the schema to the newest revision")
    upgrade.set_defaults(run=_upgrade)
    revision = actions.add_parser("revision", help="write a revision from the models' changes")
    owners = [component.name for component in discover() if component.migrations]
    revision.add_argument("component", choices=owners, help="the component whose models changed")
    revision.add_argument("message", help="what the revision does, in a few words")
    revision.set_defaults(run=_revise)


def _prepare() -> None:
    """An embedded database has nobody else to migrate it; a server's is migrated on purpose."""
    if engine.dialect().embedded:
        migrations.upgrade()
    engine.dispose()  # a worker must not inherit an open connection


def _upgrade(arguments: argparse.Namespace) -> None:
    try:
        engine.ping()  # a service without migrations wants to know too
        upgraded = migrations.upgrade()
    except engine.UNREACHABLE as error:
        reason = str(getattr(error, "orig", error)).strip()  # the driver's own words
        raise SystemExit(f"The database of DATABASE_URL cannot be upgraded: {reason}") from None
    names = ", ".join(upgraded)
    print(f"upgraded {names}" if names else "nothing to upgrade")


def _revise(arguments: argparse.Namespace) -> None:
    owner = next(c for c in discover() if c.name == arguments.component)
    migrations.revise(owner, arguments.message)


component = Component(
    name="database",
    settings=DatabaseSettings,
    metrics=(DatabaseMetrics,),
    checks=(
        HealthCheck(name="database", probe=engine.ping),
        HealthCheck(name="migrations", probe=migrations.check),
    ),
    prepare=_prepare,
    stop=engine.dispose,
    commands=_commands,
)
