"""The full route template of a request, through nested blueprints and mounts."""

import re
from collections.abc import Iterator
from functools import cache
from operator import attrgetter
from wsgiref.types import WSGIApplication, WSGIEnvironment

from flask import Flask, Request, current_app
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import Rule

from .metrics import UNMATCHED
from .wsgi import MEASURED

_PARAMETER = re.compile(r"<(?:[^<>]*:)?(\w+)>")


class RoutedRequest(Request):
    """A request that passes on the template of its route once the router has found it.

    Flask announces its choice by setting `url_rule`, or `routing_exception` where there is none.
    """

    _rule: Rule | None = None
    _exception: HTTPException | None = None

    def _found(self, rule: Rule) -> None:
        self._rule = rule
        measured = self.environ.get(MEASURED)
        if measured is not None:
            measured.routed(_template(rule.rule))

    def _not_found(self, exception: HTTPException) -> None:
        self._exception = exception
        measured = self.environ.get(MEASURED)
        if measured is not None and isinstance(exception, MethodNotAllowed):
            measured.routed(_matched(current_app, self))

    # attrgetter is no Python call: Flask reads these several times a request.
    url_rule = property(attrgetter("_rule"), _found)
    routing_exception = property(attrgetter("_exception"), _not_found)


def mounted_endpoint(app: WSGIApplication, environ: WSGIEnvironment, mount: str) -> str:
    """The template of a request that `app` handed to an application mounted inside it.

    Args:
        app: the application with its dispatchers, outermost first.
        environ: the environment, as the mounted application left it.
        mount: what the dispatchers moved from the path to SCRIPT_NAME.
    """
    mounted = dict(_mounts(app)).get(mount)
    if mounted is None:
        return UNMATCHED
    if not isinstance(mounted, Flask):
        return mount
    template = _matched(mounted, mounted.request_class(environ, populate_request=False))
    return UNMATCHED if template == UNMATCHED else mount + template


def _mounts(app: WSGIApplication, prefix: str = "") -> Iterator[tuple[str, WSGIApplication]]:
    app = getattr(app, "wsgi_app", app)
    while isinstance(app, DispatcherMiddleware):
        for path, mounted in app.mounts.items():
            yield prefix + path, mounted
            yield from _mounts(mounted, prefix + path)
        app = app.app


def _matched(app: Flask, request: Request) -> str:
    """The template of the route for the request's path; it may be one for other methods."""
    try:
        adapter = app.create_url_adapter(request)
        if adapter is None:
            return UNMATCHED
        try:
            rule, _ = adapter.match(return_rule=True)
        except MethodNotAllowed as refused:
            method = next(iter(refused.valid_methods or ()), None)
            rule, _ = adapter.match(method=method, return_rule=True)
    except HTTPException:
        return UNMATCHED
    return _template(rule.rule)


@cache  # as large as the application has routes
def _template(rule: str) -> str:
    """`/api/bookmarks/<int:id>` is `/api/bookmarks/{id}`."""
    return _PARAMETER.sub(r"{\1}", rule)
