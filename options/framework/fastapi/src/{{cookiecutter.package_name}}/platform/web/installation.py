"""Brings the platform into a FastAPI application, by FastAPI's own means."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from ..core.components import Component
from .errors import internal_server_error, invalid_request
from .middleware import HttpMetricsMiddleware, leave_logging_to_us, note_routed_scope
from .routes import add_operations
from .service import Service


def install(app: FastAPI, components: Sequence[Component] | None = None) -> None:
    """Bring in the components with their routes, the probes, `/metrics`, and the HTTP metrics.

    The components start after the application's own lifespan, and stop before its end. Middleware,
    routers and error handlers may be added before and after, as FastAPI has it. The service is
    `app.state.service`.

    Args:
        app: the application, once.
        components: what to serve; all that `discover` finds where none are given.

    Raises:
        ComponentError: a component does not keep to the form.
        SettingsError: a setting is wrong.
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

    operations = APIRouter(include_in_schema=False, lifespan=lifespan)
    add_operations(operations, service.health)
    app.include_router(operations)
    for component in service.components:
        if component.routes is not None:
            app.include_router(component.routes)
    handlers = app.exception_handlers
    if handlers[RequestValidationError] is request_validation_exception_handler:
        handlers[RequestValidationError] = invalid_request
    if 500 not in handlers:  # the other name for the same; with `debug` there is a page instead
        handlers.setdefault(Exception, internal_server_error)
    build = app.build_middleware_stack

    def build_measured() -> ASGIApp:
        if app.user_middleware:  # the last one is the innermost
            app.user_middleware.append(Middleware(note_routed_scope))
        return HttpMetricsMiddleware(build(), app.routes, service)

    # Around all that `add_middleware` adds, and around the handler of unhandled errors.
    app.build_middleware_stack = build_measured  # type: ignore[method-assign]  # of this object only
    leave_logging_to_us()
