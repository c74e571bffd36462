"""The middleware that measures requests: each counted once, whatever becomes of it."""

from asyncio import CancelledError
from time import perf_counter
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..health.window import RequestWindow
from ..metrics.safety import report
from .endpoints import RoutedScope
from .metrics import METHODS, OTHER_METHOD, get_metrics

# Asked by machines every few seconds; counting them would drown the users' requests.
UNCOUNTED = frozenset(("/metrics", "/livez", "/readyz", "/health", "/api/health"))

CLIENT_GONE = 499  # nginx's code for a client that closed the connection before the answer
BODY_MESSAGES = frozenset(("http.response.body", "http.response.pathsend"))


class MeasuredRequest:
    """One request from its first byte to its last; `finish` may be called more than once."""

    __slots__ = (
        "_client",
        "_endpoint",
        "_finished",
        "_gauge",
        "_start",
        "_window",
        "method",
        "scope",
        "status",
    )

    def __init__(self, scope: Scope, window: RequestWindow) -> None:
        self._start = perf_counter()
        self._window = window
        self._client = scope["client"][0] if scope.get("client") else ""
        self._finished = False
        self._endpoint = ""
        self._gauge: Any = None
        self.method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        self.status = 0
        self.scope = RoutedScope(scope, self._routed)

    def _routed(self) -> None:
        try:
            self._endpoint = self.scope.endpoint()
            if self._gauge is None and self._endpoint not in UNCOUNTED:
                gauge = get_metrics().in_progress.labels(self.method, self._endpoint)
                gauge.inc()
                self._gauge = gauge
        except Exception as error:  # noqa: BLE001 - a metric never breaks a request
            report("http", error)

    def finish(self, status: int) -> None:
        """Count the request as answered with that status, unless it is counted already."""
        if self._finished:
            return
        self._finished = True
        seconds = perf_counter() - self._start
        try:
            if self._gauge is not None:
                self._gauge.dec()
            template = self._endpoint or self.scope.endpoint()
            if template not in UNCOUNTED:
                metrics = get_metrics()
                metrics.requests.labels(self.method, template, str(status)).inc()
                metrics.duration.labels(self.method, template).observe(seconds)
                self._window.record(status, seconds, self._client)
        except Exception as error:  # noqa: BLE001 - a metric never breaks a request
            report("http", error)


class HttpMetricsMiddleware:
    """Measures HTTP requests; websockets and the lifespan pass through untouched."""

    def __init__(self, app: ASGIApp, window: RequestWindow) -> None:
        self._app = app
        self._window = window

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = MeasuredRequest(scope, self._window)

        async def measured_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
            elif message["type"] in BODY_MESSAGES and not message.get("more_body", False):
                # Before the last part is handed over: who has the answer has been counted.
                request.finish(request.status)
            await send(message)

        try:
            await self._app(request.scope, receive, measured_send)
        except (CancelledError, ClientDisconnect):
            request.finish(CLIENT_GONE)
            raise
        except BaseException:
            request.finish(500)
            raise
        finally:
            request.finish(CLIENT_GONE)
