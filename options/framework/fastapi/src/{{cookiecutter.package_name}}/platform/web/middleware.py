"""The outermost and the innermost layer of the application, which together measure its requests."""

import logging
from asyncio import CancelledError, current_task
from collections.abc import Awaitable, Sequence
from functools import partial

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core.components import survivable
from ..core.limits import PerMinute
from ..core.logging import HEADER, request_id
from ..core.proxies import client_address
from ..health.report import OPERATIONS
from .endpoints import Endpoints
from .measured import LOGGED, MeasuredRequest, log_unhandled
from .metrics import CLIENT_GONE
from .service import Service

ID_HEADER = HEADER.lower().encode()
BODY_MESSAGES = frozenset(("http.response.body", "http.response.pathsend"))
ACCEPTING = PerMinute()  # thousands a second, where clients keep open all that a process may have
MEASURED = f"{__name__}.measured"  # where the outermost layer leaves the request for the innermost


class HttpMetricsMiddleware:
    """Measures HTTP requests, from the first byte asked to the last byte answered.

    Probes and scrapes are answered here. Websockets and the lifespan pass through untouched, as do
    requests that another application measures in which this one is mounted.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], service: Service) -> None:
        self.app = app  # the name by which FastAPI and others walk through the layers
        self._endpoints = Endpoints(routes)
        self._service = service
        self._threads = CapacityLimiter(4)  # a probe does not wait behind slow requests to the API

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        path = path if path in OPERATIONS else path.removeprefix(scope.get("root_path", ""))
        if path in OPERATIONS or MEASURED in scope:
            app = await self._operation(path, scope) if path in OPERATIONS else self.app
            await app(scope, receive, send)
            return
        exchange = scope[MEASURED] = Exchange(scope, receive, send, self._service, self._endpoints)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except (ClientDisconnect, GeneratorExit):
            pass  # nobody is there to be answered
        except BaseException as error:
            if isinstance(error, CancelledError) and (task := current_task()) and task.cancelling():
                raise  # as above, and the server wants to know that it is over
            exchange.finish(500)
            failed = survivable(error, "a route")
            log_unhandled(failed, scope["method"], exchange.find_endpoint())
            raise failed  # noqa: B904 - it has its cause
        finally:
            exchange.finish(CLIENT_GONE)
            request_id.set("")
            exchange.scope = {}  # the one that it had refers to the exchange

    async def _operation(self, path: str, scope: Scope) -> Response:
        """The answer; in a thread where it may take long, as thousands of series or a check do."""
        headers = Headers(scope=scope)
        asked = ",".join(headers.getlist("accept")), headers.get("authorization")
        answer = partial(self._service.health.answer, scope["method"], path, *asked)
        try:
            made = answer() if path == "/livez" else await run_sync(answer, limiter=self._threads)
        except RuntimeError:  # there may be no thread to be had
            made = answer()
        return Response(*made)


class Exchange(MeasuredRequest):
    """A request that is counted before the last part of its answer is handed to the server."""

    _status = 0
    _gone = False

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, service: Service, endpoints: Endpoints
    ) -> None:
        self.scope = scope  # the one that the routers write to
        self._receive, self._send = receive, send
        self._endpoints = endpoints
        self._root = scope.get("root_path", "")
        address = (scope.get("client") or [""])[0]
        if service.trusted_proxies:
            forwarded = Headers(scope=scope).getlist("x-forwarded-for")
            address = client_address(address, ",".join(forwarded), service.trusted_proxies)
        headers = dict(scope["headers"])
        names = (headers.get(one, b"").decode("latin-1") for one in (ID_HEADER, b"traceparent"))
        super().__init__(service, scope["method"], address, *names)

    def find_endpoint(self) -> str:
        """The template of the route in the scope."""
        known = self._endpoints.only.get(id(self.scope.get("route")))
        return known or self._endpoints.find(self.scope, self._root)

    async def receive(self) -> Message:
        """The next message of the client."""
        message = await self._receive()
        self._gone = self._gone or message["type"] == "http.disconnect"
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Hand a message to the server."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message.get("headers", ()), (ID_HEADER, self.id.encode())]
        elif message["type"] in BODY_MESSAGES:
            if not message.get("more_body"):
                self.finish(CLIENT_GONE if self._gone else self._status)
            if self.method == "HEAD" and "body" in message:
                # Routes answer it with the body of a GET, and gunicorn warns of each that has one.
                message["body"] = b""
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


def is_new(record: logging.LogRecord) -> bool:
    """A filter for the servers' loggers: drops an exception that the outermost layer has logged.

    gunicorn logs an unhandled exception unless a response was complete, uvicorn each of them, and
    asyncio each connection that it cannot accept.
    """
    if "socket.accept()" in str(record.msg):
        return ACCEPTING.take(1) > 0
    error = record.exc_info[1] if record.exc_info else None
    return LOGGED not in getattr(error, "__notes__", ())
