"""The command line: the settings, and what the components add to it."""

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress

from .about import about
from .components import Component, discover, settings_of
from .config import ServiceSettings, SettingsError, load, load_all
from .logging import configure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the process's exit code.

    It is 0, 1 where a check found something, or 2 for bad settings or arguments.
    """
    try:
        with suppress(SettingsError):  # it is part of what `load_all` raises
            configure(load(ServiceSettings))
            logging.root.setLevel(logging.WARNING)  # imports have nothing to tell
        components = discover()
        chosen = _parser(components).parse_args(arguments)
        load_all([one for several in settings_of(components).values() for one in several])
        configure(load(ServiceSettings))
        return int(chosen.run(chosen) or 0)
    except SettingsError as error:
        print(f"These settings are wrong:\n{error}", file=sys.stderr)
        return 2


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
    config = commands.add_parser("config", help="the settings: show")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print every setting with its value; secrets are masked")
    show.set_defaults(run=lambda chosen: _show_settings(components))
    for component in components:
        if component.commands is not None:
            component.commands(commands)
    return parser


def _show_settings(components: Sequence[Component]) -> None:
    rows = [
        (field.upper(), str(value) or "(empty)")
        for classes in settings_of(components).values()
        for settings in classes
        for field, value in load(settings)
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
