"""Measures the requests of a WSGI application (PEP 3333), whatever its framework."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import FileWrapper

from ..health.window import RequestWindow
from .measured import CLIENT_GONE, MeasuredRequest
from .metrics import UNMATCHED

# Where the framework's adapter finds the measured request, to call `routed` on it; None where an
# application around it does that.
MEASURED = "http_metrics.request"

BODYLESS = frozenset((204, 304))  # and all below 200: RFC 9110, section 6.4.1
UNKNOWN_LENGTH = float("inf")


class WsgiMetricsMiddleware:
    """Measures every request, whether the application answers it or fails.

    Attributes:
        wsgi_app: the application that answers.
        window: where requests are remembered for the health report.
    """

    def __init__(self, app: WSGIApplication, window: RequestWindow) -> None:
        self.wsgi_app = app
        self.window = window

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if MEASURED in environ:
            # Mounted inside another that measures, and knows where.
            environ[MEASURED] = None
            return self.wsgi_app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        request = MeasuredRequest(method, environ.get("REMOTE_ADDR", ""), self.window)
        environ[MEASURED] = request
        # The server's own wrapper would send a file by itself and tell nobody how far it got.
        environ["wsgi.file_wrapper"] = FileWrapper
        script = environ.get("SCRIPT_NAME", "")
        answer = MeasuredAnswer(request, start_response, head=method == "HEAD")
        try:
            try:
                body = self.wsgi_app(environ, answer.start)
            finally:
                inside = environ.get("SCRIPT_NAME", "")
                if inside != script:
                    request.routed(self.mounted(environ, inside.removeprefix(script)))
        except BaseException:
            request.finish(500)
            raise
        if isinstance(body, (list, tuple)):
            # All parts are handed over at once, so this is before the last one.
            request.finish(answer.status)
            return body
        answer.body = body
        return answer

    def mounted(self, environ: WSGIEnvironment, mount: str) -> str:
        """The template of a request that an application mounted inside answered.

        Args:
            environ: the environment, as that application left it.
            mount: what was moved from PATH_INFO to SCRIPT_NAME for it.
        """
        return UNMATCHED


class MeasuredAnswer:
    """What the server sends part by part, counted before the last part is handed over.

    That is the part that completes the Content-Length, or the first where HTTP allows no body.
    Where there is no length, the client learns of the end only after the server did, so the
    end of the body is early enough. A server that closes the body before is one whose client
    has gone.
    """

    __slots__ = ("_head", "_left", "_parts", "_request", "_start", "_write", "body", "status")

    def __init__(
        self, request: MeasuredRequest, start_response: StartResponse, *, head: bool
    ) -> None:
        self.body: Iterable[bytes] = ()
        self.status = 500  # for an application that never starts its answer
        self._request = request
        self._start = start_response
        self._head = head
        self._left = UNKNOWN_LENGTH
        self._parts: Any = None

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        """Start the answer, or start it anew with an error, as `start_response` does."""
        self._write = self._start(status, headers, exc_info)
        self.expect(int(status[:3]), headers)
        return self._send

    def expect(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Take from the head of the answer how much of a body comes after it."""
        self.status = status
        bodyless = self._head or status in BODYLESS or status < 200
        self._left = 0 if bodyless else _content_length(headers)

    def _send(self, part: bytes) -> object:
        self._count(part)
        return self._write(part)

    def _count(self, part: bytes) -> None:
        self._left -= len(part)
        if self._left <= 0:
            self._request.finish(self.status)

    def __iter__(self) -> Iterator[bytes]:
        if self._parts is None:
            try:
                self._parts = iter(self.body)
            except BaseException:
                self._request.finish(500)
                raise
        return self

    def __next__(self) -> bytes:
        try:
            part = next(self._parts)
        except StopIteration:
            self._request.finish(self.status)
            raise
        except BaseException:
            self._request.finish(500)
            raise
        self._count(part)
        return part

    def close(self) -> None:
        """Let the application release what the answer held; called by the server at the end."""
        try:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()
        finally:
            self._request.finish(CLIENT_GONE if self._left > 0 else self.status)


def _content_length(headers: Iterable[tuple[str, str]]) -> float:
    for name, value in headers:
        if name.lower() == "content-length" and value.isdecimal():
            return int(value)
    return UNKNOWN_LENGTH
