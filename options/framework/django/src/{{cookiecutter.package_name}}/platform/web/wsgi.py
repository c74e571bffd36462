"""Measures the requests of a WSGI application (PEP 3333), whatever its framework."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
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
        client = environ.get("REMOTE_ADDR", "")
        answer = MeasuredAnswer(environ["REQUEST_METHOD"], client, self.window)
        answer.start_response = start_response
        environ[MEASURED] = answer
        # The server's own wrapper would send a file by itself and tell nobody how far it got.
        environ["wsgi.file_wrapper"] = FileWrapper
        script = environ.get("SCRIPT_NAME", "")
        try:
            try:
                body = self.wsgi_app(environ, answer.start)
            finally:
                inside = environ.get("SCRIPT_NAME", "")
                if inside != script:
                    answer.routed(self.mounted(environ, inside.removeprefix(script)))
            return answer.with_body(body)
        except BaseException:
            answer.finish(500)
            raise

    def mounted(self, environ: WSGIEnvironment, mount: str) -> str:
        """The template of a request that an application mounted inside answered.

        Args:
            environ: the environment, as that application left it.
            mount: what was moved from PATH_INFO to SCRIPT_NAME for it.
        """
        return UNMATCHED


class MeasuredAnswer(MeasuredRequest):
    """A request with the body of its answer, counted before the last part is handed over.

    That is the part that completes the Content-Length, or the first where HTTP allows no body.
    Where there is no length, the client learns of the end only after the server did, so the
    end of the body is early enough. A server that closes the body before is one whose client
    has gone.

    Attributes:
        start_response: the server's; what makes an answer sets it before it calls `start`.
    """

    start_response: StartResponse

    _status = 500  # for an application that never starts its answer
    _headers: Sequence[tuple[str, str]] = ()
    _left: float | None = UNKNOWN_LENGTH  # bytes; None while nobody has looked at the headers
    _parts: Iterator[bytes] | None = None

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        """Start the answer, or start it anew with an error, as `start_response` does."""
        self._write = self.start_response(status, headers, exc_info)
        self._status = int(status[:3])
        self._headers = headers
        self._left = None
        return self._send

    def with_body(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """What the server gets to send: the body itself if that is whole, else part by part."""
        if isinstance(body, (list, tuple)):
            self.finish(self._status)
            return body
        self._body = body
        left = self._to_come()
        if left == UNKNOWN_LENGTH:
            return self
        try:
            parts = iter(body)
            first = next(parts, b"")
            if len(first) < left:
                self._parts = chain((first,), parts)
                return self
            self.finish(self._status)
            second = next(parts, None)
        except BaseException:
            self.finish(500)
            self.close()
            raise
        if second is None:
            return WholeBody((first,), body)
        self._parts = chain((first, second), parts)
        return self

    def __iter__(self) -> Iterator[bytes]:
        if self._parts is None:
            try:
                self._parts = iter(self._body)
            except BaseException:
                self.finish(500)
                raise
        return self

    def __next__(self) -> bytes:
        try:
            part = next(self._parts)  # type: ignore[arg-type]  # __iter__ comes first
        except StopIteration:
            self.finish(self._status)
            raise
        except BaseException:
            self.finish(500)
            raise
        self._hand_over(part)
        return part

    def close(self) -> None:
        """Let the application release what the answer held; called by the server at the end."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self.finish(CLIENT_GONE if self._to_come() > 0 else self._status)

    def _send(self, part: bytes) -> object:
        self._hand_over(part)
        return self._write(part)

    def _hand_over(self, part: bytes) -> None:
        self._left = self._to_come() - len(part)
        if self._left <= 0:
            self.finish(self._status)

    def _to_come(self) -> float:
        """How many bytes of the body are still to come."""
        if self._left is None:
            self._left = self._length()
        return self._left

    def _length(self) -> float:
        if self._method == "HEAD" or self._status in BODYLESS or self._status < 200:
            return 0
        for name, value in self._headers:
            if name.lower() == "content-length" and value.isdecimal():
                return int(value)
        return UNKNOWN_LENGTH


class WholeBody(list[bytes]):
    """A body that is all there: the server takes it without coming back, and closes it."""

    __slots__ = ("close",)

    def __init__(self, parts: Iterable[bytes], body: Any) -> None:
        super().__init__(parts)
        if hasattr(body, "close"):
            self.close = body.close
