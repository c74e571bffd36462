"""The outermost and the innermost layer of the application, which together measure its requests."""

import logging
from asyncio import CancelledError
from collections.abc import Awaitable, Sequence

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core.logging import HEADER, identify, request_id
from ..core.proxies import client_address
from .endpoints import Endpoints
from .measured import CLIENT_GONE, UNCOUNTED, MeasuredRequest, is_new, log_unhandled, survivable
from .service import Service

ID_HEADER = HEADER.lower().encode()
BODY_MESSAGES = frozenset(("http.response.body", "http.response.pathsend"))

# Where the outermost layer leaves the request for the innermost one.
MEASURED = f"{__name__}.measured"


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
        if scope["type"] != "http" or MEASURED in scope:
            await self.app(scope, receive, send)
            return
        exchange = scope[MEASURED] = Exchange(scope, receive, send, self._service, self._endpoints)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except CancelledError:
            raise  # as above, and the server wants to know that it is over
        except BaseException as error:  # noqa: BLE001 - it goes on
            exchange.finish(500)
            failed = survivable(error)
            log_unhandled(failed, scope["method"], exchange.find_endpoint())
            raise failed  # noqa: B904 - it has its cause
        finally:
            exchange.finish(CLIENT_GONE)
            request_id.set("")
            exchange.scope = {}  # the one that it had refers to the exchange


class Exchange(MeasuredRequest):
    """A request that is counted before the last part of its answer is handed to the server.

    Attributes:
        scope: the one that the routers write to.
    """

    _status = 0
    _gone = False

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, service: Service, endpoints: Endpoints
    ) -> None:
        self.scope = scope
        self._receive, self._send = receive, send
        self._endpoints = endpoints
        self._root = scope.get("root_path", "")
        headers = dict(scope["headers"])
        self._id = identify(
            headers.get(ID_HEADER, b"").decode("latin-1"),
            headers.get(b"traceparent", b"").decode("latin-1"),
        )
        client = scope.get("client")
        address = client[0] if client else ""
        if service.trusted_proxies:
            forwarded = Headers(scope=scope).getlist("x-forwarded-for")
            address = client_address(address, ",".join(forwarded), service.trusted_proxies)
        path = scope["path"]
        counted = path not in UNCOUNTED and path.removeprefix(self._root) not in UNCOUNTED
        super().__init__(scope["method"], address, service.window, counted=counted)

    def find_endpoint(self) -> str:
        """The template of the route in the scope."""
        return self._endpoints.find(self.scope, self._root)

    async def receive(self) -> Message:
        """The next message of the client."""
        message = await self._receive()
        self._gone = self._gone or message["type"] == "http.disconnect"
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Hand a message to the server."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            named = [*message.get("headers", ()), (ID_HEADER, self._id.encode())]
            message = {**message, "headers": named}
        elif message["type"] in BODY_MESSAGES:
            if not message.get("more_body"):
                self.finish(CLIENT_GONE if self._gone else self._status)
            if self.method == "HEAD" and "body" in message:
                # Routes answer it with the body of a GET, and gunicorn warns of each that has one.
                message = {**message, "body": b""}
        return self._send(message)


def note_routed_scope(app: ASGIApp) -> ASGIApp:
    """The innermost layer, which finds the scope that the routers write to.

    A middleware of the team's may have copied it, and what is in a copy nobody outside sees.
    """

    def serve(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if MEASURED in scope:
            scope[MEASURED].scope = scope
        return app(scope, receive, send)

    return serve


def leave_logging_to_us() -> None:
    """Keep the servers from logging once more what the outermost layer has logged.

    gunicorn logs an unhandled exception unless a response was complete, uvicorn each of them.
    """
    for name in ("gunicorn.error", "uvicorn.error"):
        logging.getLogger(name).addFilter(is_new)  # once, however often it is added
