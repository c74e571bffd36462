"""The component of the web adapter: the HTTP metrics, and the command that serves."""

from ..core.components import Commands, Component
from .metrics import HttpMetrics
from .serving import serve


def _commands(parsers: Commands) -> None:
    parsers.add_parser("serve", help="serve HTTP on HOST and PORT").set_defaults(run=serve)


component = Component(name="http", metrics=(HttpMetrics,), commands=_commands)
