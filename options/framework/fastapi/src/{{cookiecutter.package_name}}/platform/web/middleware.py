"""The middleware that measures requests, from the first byte asked to the last byte answered."""

from asyncio import CancelledError
from collections.abc import Awaitable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..health.window import RequestWindow
from .endpoints import MEASURED, announce_routes
from .measured import CLIENT_GONE, MeasuredRequest

BODY_MESSAGES = frozenset(("http.response.body", "http.response.pathsend"))

announce_routes()


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
        client = scope.get("client")
        request = MeasuredRequest(scope["method"], client[0] if client else "", self._window)
        scope[MEASURED] = request
        status = 0

        def measured_send(message: Message) -> Awaitable[None]:
            nonlocal status
            kind = message["type"]
            if kind == "http.response.start":
                status = message["status"]
            elif kind in BODY_MESSAGES and not message.get("more_body"):
                # Before the last part is handed over: who has the answer has been counted.
                request.finish(status)
            return send(message)

        try:
            await self._app(scope, receive, measured_send)
        except (CancelledError, ClientDisconnect):
            request.finish(CLIENT_GONE)
            raise
        except BaseException:
            request.finish(500)
            raise
        finally:
            if not request.finished:
                request.finish(CLIENT_GONE)
