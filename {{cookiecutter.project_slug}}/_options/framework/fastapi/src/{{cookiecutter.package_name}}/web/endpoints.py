"""The full route template of a request, through included routers and mounts."""

from collections.abc import Callable, Iterator, Sequence
from re import Pattern
from typing import Any

from starlette.routing import BaseRoute, Mount, compile_path
from starlette.types import Scope

from .metrics import UNMATCHED


def endpoint(scope: Scope) -> str:
    """The template of the route that took the request, or `unmatched`."""
    route = scope.get("route")
    if route is not None:
        # FastAPI resolves the prefixes of included routers in a context of its own.
        context = scope.get("fastapi", {}).get("effective_route_context")
        if context is not None and context.original_route is route:
            return _mounted(scope) + str(context.path_format)
        return _mounted(scope) + str(route.path_format)
    app = scope.get("endpoint")
    if app is not None and not hasattr(app, "routes"):
        return _mounted(scope) or "/"
    return UNMATCHED


def _mounted(scope: Scope) -> str:
    """The template of the mounts that the request came through, empty without any."""
    if "app_root_path" not in scope:
        return ""
    path = scope["root_path"].removeprefix(scope["app_root_path"])
    for template, pattern in _mounts(scope["app"].routes):
        if pattern.match(path):
            return template
    return UNMATCHED


def _mounts(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[str, Pattern[str]]]:
    for route in routes:
        if isinstance(route, Mount):
            template = prefix + route.path_format.removesuffix("/{path}")
            pattern, _, _ = compile_path(prefix + route.path)
            yield template, pattern
            yield from _mounts(route.routes, prefix + route.path)


class RoutedScope(dict[str, Any]):
    """A request's scope that says when the router has found the route.

    A router announces its choice by writing `route` into the scope: as an item for a route of an
    included router, in an update for one of the application's own.
    """

    def __init__(self, scope: Scope, on_route: Callable[[Scope], None]) -> None:
        super().__init__(scope)
        self._on_route = on_route

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if key == "route":
            self._on_route(self)

    def update(self, found: dict[str, Any]) -> None:  # type: ignore[override]
        """Take in what a match found; while an included router is asked, the item is to come."""
        super().update(found)
        if "route" in found and "included_router" not in self.get("fastapi", ()):
            self._on_route(self)
