"""The full route template of a request, through included routers and mounts."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import lru_cache, wraps
from re import Pattern
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route, compile_path
from starlette.types import Receive, Scope, Send

from .metrics import UNMATCHED

# Where the middleware leaves the measured request for the route that takes it.
MEASURED = "http_metrics.request"

NOTHING: dict[str, Any] = {}

Handle = Callable[[Any, Scope, Receive, Send], Awaitable[None]]


def announce_routes() -> None:
    """Make every route tell the measured request that it takes it, before it handles it.

    Only the route knows the moment: a middleware sees the request before any route does, what
    routers leave in the scope it sees when all is over, and a scope that watches what they write
    makes each route that they try slower.
    """
    kinds: tuple[tuple[Any, Callable[[Handle], Handle]], ...] = (
        (Route, _announced),
        (APIRoute, _announced),
        (Mount, _announced_mount),
    )
    for kind, announced in kinds:
        kind.handle = announced(getattr(kind.handle, "__wrapped__", kind.handle))


def _announced(handle: Handle) -> Handle:
    @wraps(handle)
    def announced(route: Any, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        request = scope.pop(MEASURED, None)
        if request is not None:
            # FastAPI resolves the prefixes of included routers in a context of its own.
            context = scope.get("fastapi", NOTHING).get("effective_route_context")
            found = route if context is None or context.original_route is not route else context
            mounted = "app_root_path" in scope
            request.routed(_mounted(found, scope) if mounted else found.path_format)
        return handle(route, scope, receive, send)

    return announced


def _announced_mount(handle: Handle) -> Handle:
    @wraps(handle)
    def announced(mount: Mount, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # One of routes leaves it to them; any other application is the end of the way.
        request = None if mount.routes else scope.pop(MEASURED, None)
        if request is not None:
            request.routed(_mounted(mount, scope))
        return handle(mount, scope, receive, send)

    return announced


def _mounted(route: Any, scope: Scope) -> str:
    """The template of a route that the request reached through mounts."""
    path = scope["root_path"].removeprefix(scope["app_root_path"])
    own = "" if isinstance(route, Mount) else str(route.path_format)
    for mount in _mount_paths(scope["router"].routes):
        pattern, mounts = _compiled(mount)
        if pattern.match(path):
            return mounts + own or "/"
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
