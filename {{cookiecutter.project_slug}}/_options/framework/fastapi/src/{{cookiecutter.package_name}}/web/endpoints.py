"""The full route template of a request, through included routers and mounts."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from re import Pattern
from typing import Any

from starlette.routing import BaseRoute, Mount, compile_path
from starlette.types import Scope

from .metrics import UNMATCHED


class RoutedScope(dict[str, Any]):
    """A request's scope that passes on the template of the route once the router has found it.

    A router announces its choice in an update of the scope, which names the `route` or, for a
    mount, only the `endpoint`. For a route of an included router it sets `route` once more, when
    the context that knows the prefixes is there.
    """

    def __init__(self, scope: Scope, routed: Callable[[str], None]) -> None:
        super().__init__(scope)
        self._application = scope.get("app")
        self._routed = routed

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if key == "route":
            self._routed(self._template(value))

    def update(self, found: dict[str, Any]) -> None:  # type: ignore[override]  # as routers call it
        """Take in what a match found."""
        super().update(found)
        if "route" in found:
            if "included_router" not in self.get("fastapi", ()):
                self._routed(self._template(found["route"]))
        elif "endpoint" in found and not hasattr(found["endpoint"], "routes"):
            self._routed(self._mounts() or "/")

    def _template(self, route: Any) -> str:
        # FastAPI resolves the prefixes of included routers in a context of its own.
        context = self.get("fastapi", {}).get("effective_route_context")
        if context is not None and context.original_route is route:
            route = context
        return self._mounts() + str(route.path_format)

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
