"""The command line of the service: `python -m` this package, with `--help` for what it can do."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __name__ as package
from . import about
from .core import logging, pages, reference
from .core.components import Component, discover
from .core.config import ServiceSettings, Settings, SettingsError, load, load_all
from .metrics.settings import collection_switch
from .workers import directory

CONFIGURATION = Path("docs/configuration")
EXAMPLE = Path(".env.example")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the process's exit code.

    It is 0, 1 where a check found something, or 2 for bad settings or arguments.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if list(arguments[:1]) == ["serve"]:
            _prepare_for_workers()
        components = discover()
        chosen = _parser(components).parse_args(arguments)
        load_all(_settings(components))
        logging.configure(load(ServiceSettings))
        return int(chosen.run(chosen) or 0)
    except SettingsError as error:
        print(f"These settings are wrong:\n{error}", file=sys.stderr)
        return 2


def _prepare_for_workers() -> None:
    """Before a component is imported: with it comes prometheus_client, which chooses its storage."""
    try:
        settings = load(ServiceSettings)
    except SettingsError:
        return  # reported later, with everything else that is wrong
    directory.prepare(several_processes=settings.workers > 1 or settings.max_requests > 0)


def _parser(components: Sequence[Component]) -> argparse.ArgumentParser:
    service = about()
    description = f"{service.name} {service.version}: {service.summary}"
    if "%(prog)" in description:  # only then does argparse format it
        description = description.replace("%", "%%")
    parser = argparse.ArgumentParser(
        prog=f"python -m {package}",
        description=description,
        epilog="Settings come from the environment and from .env; `config show` lists them.",
    )
    parser.add_argument("--version", action="version", version=service.version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve HTTP on HOST and PORT")
    serve.set_defaults(run=lambda chosen: _serve(components))
    config = commands.add_parser("config", help="the settings: show, docs")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print every setting with its value; secrets are masked")
    show.set_defaults(run=lambda chosen: _show_settings(components))
    docs = actions.add_parser("docs", help=f"the pages in {CONFIGURATION}, and {EXAMPLE}")
    either = docs.add_mutually_exclusive_group(required=True)
    either.add_argument("--write", action="store_true", help="write the pages")
    either.add_argument("--check", action="store_true", help="end with 1 where one is stale")
    docs.set_defaults(run=lambda chosen: _settings_pages(chosen, components))
    for component in components:
        if component.commands is not None:
            component.commands(commands)
    return parser


def _settings(components: Sequence[Component]) -> list[type[Settings]]:
    return [settings for classes in _owned(components).values() for settings in classes]


def _owned(components: Sequence[Component]) -> dict[str, list[type[Settings]]]:
    """The settings classes by the name of their component; the service's own come first."""
    owned: dict[str, list[type[Settings]]] = {"service": [ServiceSettings]}
    for component in components:
        own = [component.settings] if component.settings is not None else []
        switch = [collection_switch(component.name)] if component.metrics else []
        if own or switch:
            owned.setdefault(component.name, []).extend(own + switch)
    return owned


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


def _settings_pages(chosen: argparse.Namespace, components: Sequence[Component]) -> int:
    made = reference.pages(_owned(components))
    if chosen.write:
        print(*pages.write(CONFIGURATION, made), sep="\n")
    stale = pages.stale(CONFIGURATION, made, "make metrics-docs")
    example = EXAMPLE.read_text(encoding="utf-8") if EXAMPLE.exists() else ""
    problems = reference.example_problems(example, _settings(components))
    found = [*stale, *(f"{EXAMPLE}: {problem}" for problem in problems)]
    for line in found:
        print(line)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
