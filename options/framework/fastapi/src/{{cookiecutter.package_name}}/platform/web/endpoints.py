"""The full route template of a request, through included routers and mounts."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, Host, Mount
from starlette.types import Scope

from ..core.limits import PerMinute
from .metrics import UNMATCHED


class Endpoints:
    """The templates of an application's routes, by what its routers leave in the scope.

    That is the endpoint, and for FastAPI's own routes the route. Neither knows the prefixes of the
    routers that include it or the mounts around it. `only` has the templates of what one way
    leads to, by identity; `routes` is the application's own list, which grows.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.only: dict[int, str] = {}
        self._routes = routes
        self._ways: dict[int, list[str]] = {}
        self._searches = PerMinute()

    def find(self, scope: Scope, root: str) -> str:
        """The template that this scope was routed to; `root` is the path before the mounts."""
        if "endpoint" not in scope:
            return UNMATCHED
        route = scope.get("route")
        place = id(route if isinstance(route, APIRoute) else scope["endpoint"])
        if place not in self._ways and self._searches.take(10):  # a minute
            self._search()
        if place in self.only:
            return self.only[place]
        # What is unknown belongs to an application that is mounted and hides its routes.
        path = scope["path"].removeprefix(root)
        templates = self._ways.get(place, self._hidden)
        fitting = (one for one in templates if _pattern(one).fullmatch(path))
        return max(fitting, key=len, default=UNMATCHED)

    def _search(self) -> None:
        # Kept, so that no other object gets the identity of one of them.
        self._found = found = list(_templates(self._routes))
        ways: dict[int, list[str]] = {id(one): [] for one, _ in found}
        for one, template in found:
            ways[id(one)].append(template)
        # Whole, since the health report looks for routes in a thread of its own.
        self._hidden = [template for one, template in found if isinstance(one, Mount)]
        self.only = {place: one for place, (one, *others) in ways.items() if not others}
        self._ways = ways


def _templates(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[object, str]]:
    for context in iter_route_contexts(routes):
        route = context.original_route
        template = prefix + re.sub(r":\w+\}", "}", context.path or "")
        if not isinstance(route, Mount | Host):
            yield route if isinstance(route, APIRoute) else context.endpoint, template
        elif route.routes:
            yield route.app, UNMATCHED
            yield from _templates(route.routes, template)
        else:
            yield from ((route, template or "/"), (route.app, template or "/"))


@cache  # as many as there are routes
def _pattern(template: str) -> re.Pattern[str]:
    """Of the paths that a route with that template may get, and an application mounted there."""
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(template)) + "(/.*)?")
