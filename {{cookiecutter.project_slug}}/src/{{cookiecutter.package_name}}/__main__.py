"""The command line of the service: `python -m` this package, with `--help` for what it can do."""

import argparse
import sys
from collections.abc import Sequence

from . import __name__ as package
from . import about
from .core import logging
from .core.components import Component, discover
from .core.config import ServiceSettings, Settings, SettingsError, load, load_all
from .metrics import directory
from .metrics.settings import collection_switch


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the process's exit code: 0, or 2 for bad settings or arguments."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] == ["serve"]:
            _prepare_for_workers()
        components = discover()
        chosen = _parser(components).parse_args(arguments)
        load_all(_settings(components))
        logging.configure(load(ServiceSettings))
        chosen.run(chosen)
    except SettingsError as error:
        print(f"These settings are wrong:\n{error}", file=sys.stderr)
        return 2
    return 0


def _prepare_for_workers() -> None:
    """Before a component is imported: with it comes prometheus_client, which chooses its storage."""
    try:
        settings = load(ServiceSettings)
    except SettingsError:
        return  # reported later, with everything else that is wrong
    directory.prepare(several_processes=settings.workers > 1 or settings.max_requests > 0)


def _parser(components: Sequence[Component]) -> argparse.ArgumentParser:
    service = about()
    parser = argparse.ArgumentParser(
        prog=f"python -m {package}",
        description=f"{service.name} {service.version}: {service.summary}",
        epilog="Settings come from the environment and from .env; `config show` lists them.",
    )
    parser.add_argument("--version", action="version", version=service.version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve HTTP on HOST and PORT")
    serve.set_defaults(run=lambda chosen: _serve(components))
    config = commands.add_parser("config", help="the settings: show")
    show = config.add_subparsers(required=True, metavar="ACTION").add_parser(
        "show", help="print every setting with its value; secrets are masked"
    )
    show.set_defaults(run=lambda chosen: _show_settings(components))
    for component in components:
        if component.commands is not None:
            component.commands(commands)
    return parser


def _settings(components: Sequence[Component]) -> list[type[Settings]]:
    own = [component.settings for component in components if component.settings is not None]
    switches = [collection_switch(component.name) for component in components if component.metrics]
    return [ServiceSettings, *own, *switches]


def _serve(components: Sequence[Component]) -> None:
    from .web.server import serve  # noqa: PLC0415 - other commands need no web server

    for component in components:
        if component.prepare is not None:
            component.prepare()
    serve(load(ServiceSettings))


def _show_settings(components: Sequence[Component]) -> None:
    rows = [
        (field.upper(), str(value))
        for settings in _settings(components)
        for field, value in load(settings)
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")


if __name__ == "__main__":
    sys.exit(main())
