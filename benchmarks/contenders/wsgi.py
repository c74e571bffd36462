"""Serves requests to a WSGI application as a server would hand them over, without one."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication

from measuring import Serve


def driver(app: WSGIApplication, path: str) -> Serve:
    """Return what serves so many requests for a path, each to the end of its body."""
    request: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT": "*/*",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    statuses: set[str] = set()

    def start_response(status: str, headers: object, exc_info: object = None, /) -> Any:
        statuses.add(status)

    def serve(requests: int) -> None:
        for _ in range(requests):
            body: Iterable[bytes] = app({**request, "wsgi.input": BytesIO()}, start_response)
            for _part in body:
                pass
            close = getattr(body, "close", None)
            if close is not None:
                close()
        assert statuses == {"200 OK"}

    return serve
