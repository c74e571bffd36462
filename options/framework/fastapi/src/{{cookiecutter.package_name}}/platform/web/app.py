"""Puts the service together: components, routes, middleware, start and stop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool

from ..core.about import about
from ..core.components import Component, discover
from ..core.lifecycle import Lifecycle
from ..health.report import Health
from ..metrics.factory import bound
from .errors import invalid_request
from .middleware import HttpMetricsMiddleware
from .routes import operations


def create_app(components: Sequence[Component] | None = None) -> FastAPI:
    """The application, made of these components or of all that `discover` finds.

    Raises:
        ComponentError: a component does not keep to the form.
        SettingsError: a setting is wrong.
    """
    found = discover() if components is None else components
    service = about()
    lifecycle = Lifecycle(found, bound)
    health = Health(lifecycle, found, service.version)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(lifecycle.start)
        try:
            yield
        finally:
            await run_in_threadpool(lifecycle.stop)

    app = FastAPI(
        title=service.name,
        version=service.version,
        description=service.summary,
        lifespan=lifespan,
        exception_handlers={RequestValidationError: invalid_request},
    )
    app.add_middleware(HttpMetricsMiddleware, window=health.window)
    app.include_router(operations(health))
    for component in found:
        if component.routes is not None:
            app.include_router(component.routes)
    return app
