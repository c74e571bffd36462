"""Brings the platform into a FastAPI application, by FastAPI's own means; errors as JSON too."""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exception_handlers import http_exception_handler
from fastapi.exception_handlers import request_validation_exception_handler as validation_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from ..core.components import Component
from ..core.logging import error_body
from .middleware import HttpMetricsMiddleware, is_new, note_routed_scope
from .service import Service


async def http_error(request: Request, error: HTTPException) -> Response:
    """A status that a route or the router raised, with its headers, and a body where it has one."""
    answer = await http_exception_handler(request, error)
    if not answer.body:
        return answer
    return JSONResponse(error_body(error.detail), error.status_code, error.headers)


async def invalid_request(request: Request, error: RequestValidationError) -> Response:
    """The request does not fit what the route takes."""
    # FastAPI's own handler fails to repeat NaN, the infinities, and half of a surrogate pair.
    problems = json.dumps(error_body(jsonable_encoder(error.errors())))
    body = json.dumps(json.loads(problems, parse_constant=str))
    return Response(body, status_code=422, media_type="application/json")


async def internal_server_error(request: Request, error: Exception) -> Response:
    """A route failed; the log says how."""
    return JSONResponse(error_body("Internal Server Error"), status_code=500)


# In place of FastAPI's own; a handler of the team's stays.
OURS: dict[Any, Any] = {http_exception_handler: http_error, validation_handler: invalid_request}


def install(app: FastAPI, components: Sequence[Component] | None = None) -> None:
    """Bring in the components, by default all there are, the probes, `/metrics`, HTTP metrics.

    The components start after the application's own lifespan, and stop before its end. Middleware,
    routers and error handlers may be added before and after. The service is `app.state.service`.
    SettingsError or ComponentError says what to change.
    """
    service = app.state.service = Service(components)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Not in a thread of anyio's pool: where a start fails, it would keep the process alive.
        service.start()
        try:
            yield
        finally:
            service.stop()

    app.include_router(APIRouter(lifespan=lifespan))
    for component in service.components:
        if component.routes is not None:
            app.include_router(component.routes)
    handlers = app.exception_handlers
    handlers.update({error: OURS.get(handler, handler) for error, handler in handlers.items()})
    if 500 not in handlers:  # the other name for the same; with `debug` there is a page instead
        handlers.setdefault(Exception, internal_server_error)
    build = app.build_middleware_stack

    def build_measured() -> ASGIApp:
        if app.user_middleware:  # the last one is the innermost
            app.user_middleware.append(Middleware(note_routed_scope))
        return HttpMetricsMiddleware(build(), app.routes, service)

    # Around all that `add_middleware` adds, and around the handler of unhandled errors.
    app.build_middleware_stack = build_measured  # type: ignore[method-assign]  # of this object only
    for name in ("gunicorn.error", "uvicorn.error", "asyncio"):
        logging.getLogger(name).addFilter(is_new)  # once, however often it is added
