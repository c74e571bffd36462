"""The outermost and the innermost layer of the application, which together measure its requests."""

import logging
from asyncio import CancelledError
from collections.abc import Awaitable, Sequence
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core.proxies import client_address
from .endpoints import Endpoints
from .measured import CLIENT_GONE, UNCOUNTED, LogOnce, MeasuredRequest, log_unhandled
from .service import Service

BODY_MESSAGES = frozenset(("http.response.body", "http.response.pathsend"))

# Where the outermost layer leaves a list for the innermost one, to append the scope that it gets.
ROUTED = f"{__name__}.routed"


class HttpMetricsMiddleware:
    """Measures HTTP requests, from the first byte asked to the last byte answered.

    Websockets and the lifespan pass through untouched, as do requests that another application
    measures in which this one is mounted.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], service: Service) -> None:
        self.app = app  # the name by which FastAPI and others walk through the layers
        self._endpoints = Endpoints(routes)
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        measured = scope["type"] == "http" and ROUTED not in scope
        await (self._measure if measured else self.app)(scope, receive, send)

    async def _measure(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, path, method = scope.get("root_path", ""), scope["path"], scope["method"]
        counted = path not in UNCOUNTED and path.removeprefix(root) not in UNCOUNTED
        window = self._service.window
        request = MeasuredRequest(method, self._client(scope), window, counted=counted)
        routed = scope[ROUTED] = [scope]
        status, gone = 0, False

        def finish(status: int) -> None:
            if not request.finished:
                request.endpoint = self._endpoints.find(routed[-1], root)
                request.finish(status)

        async def watched_receive() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        def watched_send(message: Message) -> Awaitable[None]:
            nonlocal status
            kind = message["type"]
            if kind == "http.response.start":
                status = message["status"]
            elif kind in BODY_MESSAGES and not message.get("more_body"):
                # Before it is handed over: who has the answer has been counted.
                finish(CLIENT_GONE if gone else status)
            if method == "HEAD" and kind == "http.response.body":
                # Routes answer it with the body of a GET, and gunicorn warns of each that has one.
                message = {**message, "body": b""}
            return send(message)

        try:
            with suppress(ClientDisconnect):  # nobody is there to be answered
                await self.app(scope, watched_receive, watched_send)
        except CancelledError:
            raise  # as above, and the server wants to know that it is over
        except BaseException as error:
            finish(500)
            log_unhandled(error, method, self._endpoints.find(routed[-1], root))
            raise
        finally:
            finish(CLIENT_GONE)
            routed.clear()  # it is in the scope that is in it

    def _client(self, scope: Scope) -> str:
        client = scope.get("client")
        peer = client[0] if client else ""
        trusted = self._service.trusted_proxies
        if not trusted:
            return peer
        forwarded = Headers(scope=scope).getlist("x-forwarded-for")
        return client_address(peer, ",".join(forwarded), trusted)


class RoutedScopeMiddleware:
    """Leaves the scope that routers write to where the outermost layer looks for it.

    A middleware between them may have copied it, and what is in a copy nobody outside sees.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection."""
        if ROUTED in scope:
            scope[ROUTED].append(scope)
        return self.app(scope, receive, send)


def leave_logging_to_us() -> None:
    """Keep the servers from logging once more what the outermost layer has logged.

    gunicorn logs an unhandled exception unless a response was complete, uvicorn each of them.
    """
    for name in ("gunicorn.error", "uvicorn.error"):
        logger = logging.getLogger(name)
        if not any(isinstance(one, LogOnce) for one in logger.filters):
            logger.addFilter(LogOnce())
