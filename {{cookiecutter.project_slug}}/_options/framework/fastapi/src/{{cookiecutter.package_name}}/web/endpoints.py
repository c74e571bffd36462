"""The full route template of a request, through included routers and mounts."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from re import Pattern
from typing import Any

from starlette.routing import BaseRoute, Mount, compile_path
from starlette.types import Scope

from .metrics import UNMATCHED


class RoutedScope(dict[str, Any]):
    """A request's scope that says when the router has found the route, and which.

    A router announces its choice by writing `route` into the scope: as an item for a route of an
    included router, in an update for one of the application's own.
    """

    def __init__(self, scope: Scope, on_route: Callable[[], None]) -> None:
        super().__init__(scope)
        self._application = scope.get("app")
        self._on_route = on_route

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if key == "route":
            self._on_route()

    def update(self, found: dict[str, Any]) -> None:  # type: ignore[override]  # as routers call it
        """Take in what a match found; while an included router is asked, the item is to come."""
        super().update(found)
        if "route" in found and "included_router" not in self.get("fastapi", ()):
            self._on_route()

    def endpoint(self) -> str:
        """The full template of the route that took the request, or `unmatched`."""
        route = self.get("route")
        if route is not None:
            # FastAPI resolves the prefixes of included routers in a context of its own.
            context = self.get("fastapi", {}).get("effective_route_context")
            if context is not None and context.original_route is route:
                route = context
            return self._mounts() + str(route.path_format)
        app = self.get("endpoint")
        if app is not None and not hasattr(app, "routes"):
            return self._mounts() or "/"
        return UNMATCHED

    def _mounts(self) -> str:
        """The template of the mounts that the request came through, empty without any."""
        if "app_root_path" not in self:
            return ""
        path = self["root_path"].removeprefix(self["app_root_path"])
        for mount in _mount_paths(self._application.routes if self._application else ()):
            pattern, template = _compiled(mount)
            if pattern.match(path):
                return template
        return UNMATCHED


def _mount_paths(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            yield prefix + route.path
            yield from _mount_paths(route.routes, prefix + route.path)


@lru_cache
def _compiled(path: str) -> tuple[Pattern[str], str]:
    pattern, template, _ = compile_path(path)
    return pattern, template
