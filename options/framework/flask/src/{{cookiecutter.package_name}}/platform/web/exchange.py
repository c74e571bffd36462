"""One request with its answer, on the way from a WSGI application to the server (PEP 3333)."""

import errno
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Request

from ..core.components import survivable
from ..core.logging import HEADER, request_id
from ..core.proxies import client_address
from .endpoints import mount_of, template_of
from .measured import MeasuredRequest, log_unhandled
from .metrics import CLIENT_GONE
from .service import Service

# Where the application leaves Flask's request; None where nothing is measured.
ASKED = f"{__name__}.asked"

# What servers take for a client that left, and do not log, though the application raised it.
DISCONNECTED = frozenset((errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN))


class WholeBody(list[bytes]):
    """A body that is all there, to be closed after it was sent."""

    __slots__ = ("close",)

    def __init__(self, parts: Iterable[bytes], close: Callable[[], object]) -> None:
        super().__init__(parts)
        self.close = close


class Exchange(MeasuredRequest):
    """A request that is counted before the last part of its answer is handed to the server.

    The last part is the one that completes the Content-Length. Where there is none, the client
    learns of the end only after the server did, so the end of the body is early enough.
    """

    def __init__(
        self, app: Flask, service: Service, environ: WSGIEnvironment, start_response: StartResponse
    ) -> None:
        client = environ.get("REMOTE_ADDR", "")
        if service.trusted_proxies and "HTTP_X_FORWARDED_FOR" in environ:
            forwarded = environ["HTTP_X_FORWARDED_FOR"]
            client = client_address(client, forwarded, service.trusted_proxies)
        given, trace = environ.get("HTTP_X_REQUEST_ID"), environ.get("HTTP_TRACEPARENT")
        super().__init__(service, environ["REQUEST_METHOD"], client, given, trace)
        self._app = app
        self._environ = environ
        self._prefix = environ.get("SCRIPT_NAME", "")
        self._start_response = start_response
        self._status = 500  # for an application that never starts its answer
        self._asked: list[Request] = []
        environ[ASKED] = self._asked

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        """Start the answer, or start it anew with an error, as `start_response` does."""
        self._status = int(status[:3])
        self._headers = headers
        named = [*headers, (HEADER, self.id)]
        return self._start_response(status, named, exc_info)

    def with_body(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """What the server gets to send."""
        if isinstance(body, (list, tuple)):
            self.finish(self._status)
            request_id.set("")
            return body
        self._body = body
        return self

    def fail(self, error: BaseException) -> None:
        """Count the request as failed; the error goes on to the server, which logs most of them."""
        self.finish(500)
        if isinstance(error, OSError) and error.errno in DISCONNECTED:
            log_unhandled(error, self.method, self.endpoint)

    def __iter__(self) -> Iterator[bytes]:
        sent, length = 0, None
        try:
            for part in self._body:
                length = self._content_length() if length is None else length
                sent += len(part)
                if sent >= length:
                    self.finish(self._status)
                yield part
        except GeneratorExit:  # the server stopped asking
            self.finish(CLIENT_GONE)
            raise
        except BaseException as error:  # noqa: BLE001 - it goes on
            self.fail(error)
            raise survivable(error, "a route")  # noqa: B904 - it has its cause
        self.finish(self._status)

    def close(self) -> None:
        """Let the application release what the answer needed; the server calls this at the end."""
        try:
            getattr(self._body, "close", lambda: None)()
        finally:
            self.finish(CLIENT_GONE)
            request_id.set("")

    def find_endpoint(self) -> str:
        """The template of the route that Flask chose, or the mount."""
        asked = self._asked[-1:]
        if self.finished:  # it refers to the environment, which refers to it
            self._asked.clear()
        if asked:
            return template_of(self._app, asked[0])
        mount = self._environ.get("SCRIPT_NAME", "").removeprefix(self._prefix)
        return mount_of(self._app.wsgi_app, mount)

    def _content_length(self) -> float:
        named = (value for name, value in self._headers if name.lower() == "content-length")
        return next((int(value) for value in named if value.isdecimal()), math.inf)
