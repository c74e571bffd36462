"""The middleware that measures every request, and answers probes and scrapes itself."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from ..core.components import survivable
from ..core.logging import HEADER, request_id
from ..core.proxies import client_address, is_in
from ..health.report import OPERATIONS
from .endpoints import template
from .measured import MeasuredRequest
from .metrics import CLIENT_GONE, UNMATCHED
from .running import running
from .service import Service

FORWARDED_PROTO = "HTTP_X_FORWARDED_PROTO"
BODYLESS = frozenset((204, 304))  # and all below 200: RFC 9110, section 6.4.1


class ServiceMiddleware:
    """The first middleware of the list: whatever the others answer is counted as it is sent.

    `/metrics`, the probes and the health report are answered here: no host, login or redirect of
    another middleware stands in their way, and none of them is counted.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve one request."""
        service, path = running(), request.path_info
        if path in OPERATIONS:
            asked = map(request.headers.get, ("accept", "authorization"))
            answer = service.health.answer(request.method or "", path, *asked)
            return HttpResponse(answer[0], status=answer[1], headers=answer[2])
        exchange = Exchange(request, service)
        try:
            response: Any = self._get_response(request)
        except BaseException as error:  # noqa: BLE001 - it goes on; Django answers an Exception
            exchange.finish(500)
            raise survivable(error, "a route")  # noqa: B904 - it has its cause
        response[HEADER] = exchange.id
        status = response.status_code
        if request.method == "HEAD":
            # Views answer it with the body of a GET, and gunicorn warns of each that has one.
            if response.streaming:
                response.streaming_content = ()
            else:
                response.content = b""
        elif response.streaming and status >= 200 and status not in BODYLESS:
            # A file too: the server's own way of sending one would tell nobody how far it got.
            parts = AsyncParts if response.is_async else Parts
            response.streaming_content = parts(response, exchange)
            return response  # type: ignore[no-any-return]  # as Django gave it
        exchange.finish(status)
        request_id.set("")
        return response  # type: ignore[no-any-return]  # as above


class Exchange(MeasuredRequest):
    """A request to Django; who is no trusted proxy cannot say that it came by TLS."""

    def __init__(self, request: HttpRequest, service: Service) -> None:
        meta, trusted = request.META, service.trusted_proxies
        client: str = meta.get("REMOTE_ADDR", "")
        if FORWARDED_PROTO in meta and not is_in(client, trusted):
            del meta[FORWARDED_PROTO]
        if trusted and (forwarded_for := meta.get("HTTP_X_FORWARDED_FOR")):
            client = client_address(client, forwarded_for, trusted)
        given, trace = meta.get("HTTP_X_REQUEST_ID"), meta.get("HTTP_TRACEPARENT")
        super().__init__(service, request.method or "", client, given, trace)
        self._request = request

    def find_endpoint(self) -> str:
        """The template of the route that the resolver found."""
        match = self._request.resolver_match
        return UNMATCHED if match is None else template(match.route)


class MeasuredParts:
    """A streamed body; counted before the part that completes the Content-Length is handed over.

    Without that header the end is known when there is no other part. A server that closes the
    body before is one whose client has gone.
    """

    def __init__(self, response: StreamingHttpResponse, measured: MeasuredRequest) -> None:
        self._parts: Any = response.streaming_content
        self._status = response.status_code
        self._left = float(response.get("Content-Length", "inf"))
        self._measured = measured

    def close(self) -> None:
        """The server wants no more; Django calls this at the end of the response."""
        self._measured.finish(CLIENT_GONE)
        request_id.set("")

    def _hand_over(self, part: bytes) -> bytes:
        self._left -= len(part)
        if self._left <= 0:
            self._measured.finish(self._status)
        return part

    def _end(self, error: BaseException) -> NoReturn:
        ended = isinstance(error, (StopIteration, StopAsyncIteration))
        self._measured.finish(self._status if ended else 500)
        raise survivable(error, "a route")


class Parts(MeasuredParts):
    """The parts of an ordinary stream."""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self._hand_over(next(self._parts))
        except BaseException as error:  # noqa: BLE001 - it goes on
            self._end(error)


class AsyncParts(MeasuredParts):
    """The parts of an asynchronous stream."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return self._hand_over(await anext(self._parts))
        except BaseException as error:  # noqa: BLE001 - it goes on
            self._end(error)
