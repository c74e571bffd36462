"""The middleware that measures requests, from the first byte asked to the last byte answered."""

from asyncio import CancelledError

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..health.window import RequestWindow
from .endpoints import RoutedScope
from .measured import CLIENT_GONE, MeasuredRequest

BODY_MESSAGES = frozenset(("http.response.body", "http.response.pathsend"))


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
        routed = RoutedScope(scope, request.routed)
        status = 0

        async def measured_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] in BODY_MESSAGES and not message.get("more_body", False):
                # Before the last part is handed over: who has the answer has been counted.
                request.finish(status)
            await send(message)

        try:
            await self._app(routed, receive, measured_send)
        except (CancelledError, ClientDisconnect):
            request.finish(CLIENT_GONE)
            raise
        except BaseException:
            request.finish(500)
            raise
        finally:
            request.finish(CLIENT_GONE)
