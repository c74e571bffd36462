"""The full route template of a request, through nested blueprints."""

import re
from contextlib import suppress
from functools import cache
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask, Request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from .metrics import UNMATCHED

_PARAMETER = re.compile(r"<(?:[^<>]*:)?(\w+)>")


def template_of(app: Flask, request: Request) -> str:
    """The template of the route that answered, or that does not serve the request's method."""
    rule = request.url_rule
    return _template(rule.rule) if rule is not None else _refused(app, request)


def mount_of(outermost: WSGIApplication, name: str) -> str:
    """The mount of that name in a DispatcherMiddleware; no other name, since a client may choose it."""
    layer: Any = outermost
    while layer is not None:
        if name in getattr(layer, "mounts", ()):
            return name
        layer = getattr(layer, "app", None)
    return UNMATCHED


def _refused(app: Flask, request: Request) -> str:
    """The template of the route that does not serve the request's method, if it was that."""
    error = request.routing_exception
    adapter = app.create_url_adapter(request)
    if isinstance(error, MethodNotAllowed) and error.valid_methods and adapter is not None:
        with suppress(HTTPException):
            method = next(iter(error.valid_methods))
            return _template(adapter.match(method=method, return_rule=True)[0].rule)
    return UNMATCHED


@cache  # as large as the application has routes
def _template(rule: str) -> str:
    """`/api/bookmarks/<int:id>` is `/api/bookmarks/{id}`."""
    return _PARAMETER.sub(r"{\1}", rule)
