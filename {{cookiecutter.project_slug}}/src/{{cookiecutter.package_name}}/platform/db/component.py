"""The component of the database: its settings, metrics, checks and commands."""

import argparse
import sys

from ..core.components import Commands, Component, HealthCheck
from . import engine, migrations
from .metrics import DatabaseMetrics


def _commands(parsers: Commands) -> None:
    database = parsers.add_parser("db", help="the database and its schema")
    actions = database.add_subparsers(required=True, metavar="ACTION")
    upgrade = actions.add_parser("upgrade", help="bring the schema to the newest revision")
    upgrade.set_defaults(run=_upgrade)


def prepare() -> None:
    """An embedded database has nobody else to migrate it; a server's is migrated on purpose."""
    if engine.dialect().embedded:
        _migrate()
    engine.dispose()  # a worker must not inherit an open connection


def _upgrade(arguments: argparse.Namespace) -> None:
    names = ", ".join(_migrate())
    print(f"upgraded {names}" if names else "nothing to upgrade")


def _migrate() -> tuple[str, ...]:
    try:
        return migrations.upgrade()
    except migrations.CannotMigrate as error:
        print(f"DATABASE_URL: {error}", file=sys.stderr)
        raise SystemExit(3) from None  # gunicorn's own code for workers that do not start


component = Component(
    name="database",
    settings=engine.DatabaseSettings,
    metrics=(DatabaseMetrics,),
    checks=(
        HealthCheck(name="database", probe=engine.ping),
        HealthCheck(name="migrations", probe=migrations.check),
    ),
    prepare=prepare,
    start=engine.dialect,  # makes the engine, before several threads want one
    stop=engine.dispose,
    commands=_commands,
)
