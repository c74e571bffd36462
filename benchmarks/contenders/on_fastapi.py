"""The contenders on FastAPI, driven through ASGI."""

import asyncio
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from limit import NAMED, LimitMetrics, identify, request_id
from measuring import Serve
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LimitMiddleware:
    """The smallest usable middleware: see limit.py."""

    def __init__(self, app: ASGIApp, *, named: bool) -> None:
        self.app = app
        self.named = named
        self.metrics = LimitMetrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = perf_counter()
        status = 500
        metrics = self.metrics
        metrics.in_progress.inc()
        if self.named:
            given = dict(scope["headers"]).get(b"x-request-id")
            own = identify(given and given.decode("latin-1")).encode()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self.named:
                    message["headers"].append((b"x-request-id", own))
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            metrics.in_progress.dec()
            route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
            inc, observe = metrics[scope["method"], route.path_format if route else "unmatched", status]
            inc()
            observe(perf_counter() - start)
            if self.named:
                request_id.set("")


def telemetry() -> Any:
    """Return an OpenTelemetry provider that keeps its figures in memory, as a Prometheus reader would."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    return MeterProvider([InMemoryMetricReader()])


def instrument(app: FastAPI, name: str) -> None:
    """Instrument with the contender of that name, and import no other: some change the framework by that."""
    if name in ("limit", NAMED):
        app.add_middleware(LimitMiddleware, named=name == NAMED)
    elif name == "ours":
        from service.platform.web import install

        install(app, components=[])
    elif name == "aioprometheus":
        from aioprometheus import Registry
        from aioprometheus.asgi.middleware import MetricsMiddleware

        app.add_middleware(MetricsMiddleware, registry=Registry())
    elif name == "prometheus-fastapi-instrumentator":
        from prometheus_fastapi_instrumentator import Instrumentator

        Instrumentator(registry=CollectorRegistry()).instrument(app)
    elif name == "starlette-exporter":
        from starlette_exporter import PrometheusMiddleware as ExporterMiddleware

        app.add_middleware(ExporterMiddleware, prefix="exporter")
    elif name == "starlette-prometheus":
        from starlette_prometheus import PrometheusMiddleware

        app.add_middleware(PrometheusMiddleware)
    elif name == "opentelemetry-instrumentation-fastapi":
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor.instrument_app(app, meter_provider=telemetry())


def application(name: str, routes: int) -> FastAPI:
    """Make the same small application for each contender."""
    app = FastAPI(telemetry={"meter_provider": telemetry()} if name == "FastAPI's own telemetry" else None)

    async def item(number: int) -> dict[str, int]:
        return {"number": number}

    for index in range(routes):
        app.add_api_route(f"/items-{index}/{{number}}", item)
    instrument(app, name)
    return app


def driver(app: FastAPI, path: str, loop: asyncio.AbstractEventLoop) -> Serve:
    """Return what serves requests for a path as a server would hand them over, without one."""
    request: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8000"), (b"accept", b"*/*")],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }
    statuses: set[int] = set()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    async def several(requests: int) -> None:
        for _ in range(requests):
            await app({**request, "state": {}}, receive, send)

    def serve(requests: int) -> None:
        loop.run_until_complete(several(requests))
        assert statuses == {200}

    return serve


def contender(name: str, routes: int) -> Serve:
    """Return a contender's application of so many routes, ready to serve."""
    return driver(application(name, routes), f"/items-{routes - 1}/7", asyncio.new_event_loop())
