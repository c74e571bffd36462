"""The component of the web adapter: the HTTP metrics, and the command that serves."""

import argparse

from ..core.components import Commands, Component
from .metrics import HttpMetrics


def _commands(parsers: Commands) -> None:
    parsers.add_parser("serve", help="serve HTTP on HOST and PORT").set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> None:
    from .serving import serve  # noqa: PLC0415 - other commands need no web server

    serve()


component = Component(name="http", metrics=(HttpMetrics,), commands=_commands)
