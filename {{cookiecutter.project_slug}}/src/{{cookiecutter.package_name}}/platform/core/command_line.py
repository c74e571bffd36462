"""The command line: the settings, and what the components add to it."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from pydantic.fields import FieldInfo

from .about import about
from .components import Component, discover, settings_of
from .config import SecretUrl, ServiceSettings, load, load_all
from .logging import configure
from .variables import SettingsError, given, origin


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0, 1 where a check found something, or 2 for bad settings or arguments."""
    if arguments is None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a driver that waits for a lock
    try:
        with suppress(SettingsError):  # it is part of what `load_all` raises
            configure(load(ServiceSettings))
            logging.root.setLevel(logging.WARNING)  # imports have nothing to tell
        components = discover()
        chosen = _parser(components).parse_args(arguments)
        load_all(settings_of(components))
        configure(load(ServiceSettings))
        code = int(chosen.run(chosen) or 0)
        print(end="", flush=True)
    except BrokenPipeError:
        try:
            print(end="", flush=True)
        except BrokenPipeError:  # it is this one: who reads has what they want, like `head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        raise
    except SettingsError as error:
        print(f"These settings are wrong:\n{error}", file=sys.stderr)
        return 2
    return code


def _parser(components: Sequence[Component]) -> argparse.ArgumentParser:
    service = about()
    description = f"{service.name} {service.version}: {service.summary}"
    if "%(prog)" in description:  # only then does argparse format it
        description = description.replace("%", "%%")
    parser = argparse.ArgumentParser(
        prog=f"python -m {__name__.partition('.')[0]}",
        description=description,
        epilog="Settings come from the environment and from .env; `config show` lists them.",
    )
    parser.add_argument("--version", action="version", version=service.version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    config = commands.add_parser("config", help="the settings: show, check")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print every setting and where its value comes from")
    show.set_defaults(run=lambda chosen: _show_settings(components))
    check = actions.add_parser("check", help="say what is wrong with the settings")
    check.set_defaults(run=lambda chosen: print("every setting is right"))  # they are loaded
    for component in components:
        component.commands(commands)
    return parser


def _show_settings(components: Sequence[Component]) -> None:
    variables = given()
    rows = [
        (name.upper(), _shown(getattr(load(settings), name), field), origin(name, field, variables))
        for settings in settings_of(components)
        for name, field in settings.model_fields.items()
    ]
    names = max(len(name) for name, *_ in rows)
    values = min(max(len(value) for _, value, _ in rows), 84 - names)  # 100 columns in all
    for name, value, source in rows:
        print(f"{name:<{names}}  {value:<{values}}  {source}")


def _shown(value: object, field: FieldInfo) -> str:
    if isinstance(value, SecretUrl):
        return value.shown()
    if value is None or not str(value):
        extra = field.json_schema_extra
        return f"(empty: {extra['empty']})" if isinstance(extra, dict) else "(empty)"
    return str(value)
