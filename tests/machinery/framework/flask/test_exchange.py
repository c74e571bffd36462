"""Whatever a WSGI application does, each request is counted once and before its end is known."""

import logging
from asyncio import CancelledError
from io import BytesIO
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest

from {{ cookiecutter.package_name }}.platform.web import MeasuredFlask, install

LENGTH_8 = [("Content-Type", "text/plain"), ("content-length", "8")]
NO_LENGTH = [("Content-Type", "text/plain")]


def counted(status: int, method: str = "GET") -> dict[str, float]:
    """What one request adds."""
    labels = f'endpoint="unmatched",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": 1,
        "http_request_duration_seconds_count{" + labels + "}": 1,
    }


class Body:
    """An iterable that is no list, as frameworks return it; `broken` raises half way."""

    def __init__(self, *parts: bytes, broken: BaseException | None = None) -> None:
        self.parts = parts
        self.broken = broken
        self.asked = 0
        self.closed = 0

    def __iter__(self):
        for part in self.parts:
            self.asked += 1
            yield part
        if self.broken is not None:
            raise self.broken

    def close(self) -> None:
        self.closed += 1


def body_of(parts):
    """A body of those parts."""
    return Body(*parts)


class Server:
    """Sends what an application answers, and remembers how many requests were counted by then."""

    def __init__(self, metrics, **environ: object) -> None:
        self.counts = []
        self.sent = b""
        self.statuses = []
        self._metrics = metrics
        self._environ = environ

    def serve(self, app, stop_after: int | None = None) -> None:
        """Serve `GET /example`; the client goes away after so many parts."""
        environ = dict(self._environ)
        setup_testing_defaults(environ)
        body = measured(app)(environ, self.start_response)
        try:
            for number, part in enumerate(body, start=1):
                self.write(part)
                if number == stop_after:
                    return
            self.counts.append(self.counted())
        finally:
            getattr(body, "close", lambda: None)()

    def start_response(self, status, headers, exc_info=None):
        self.statuses.append(status)
        return self.write

    def write(self, part: bytes) -> None:
        self.counts.append(self.counted())
        self.sent += part

    def counted(self) -> float:
        samples = self._metrics.samples("http_requests")
        return sum(n for series, n in samples.items() if series.startswith("http_requests_total"))


def measured(app) -> MeasuredFlask:
    """A Flask application around that WSGI application."""
    outer = MeasuredFlask("example")
    install(outer, [])
    outer.wsgi_app = app
    return outer


def answering(body, status="200 OK", headers=NO_LENGTH):
    """An application that answers so."""

    def app(environ, start_response):
        start_response(status, headers)
        return body

    return app


BREAKING = [RuntimeError("broken"), SystemExit(), KeyboardInterrupt(), CancelledError()]


def in_progress(metrics) -> float:
    return sum(metrics.samples("http_requests_in_progress").values())


@pytest.mark.parametrize(
    ("make", "parts", "headers", "counts"),
    [
        (list, [b"last"], NO_LENGTH, [1, 1]),
        (tuple, [b"four", b"last"], NO_LENGTH, [1, 1, 1]),
        (list, [], NO_LENGTH, [1]),
        (body_of, [b"in eight"], LENGTH_8, [1, 1]),
        (body_of, [b"in eight", b""], LENGTH_8, [1, 1, 1]),
        (body_of, [b"four", b"last"], LENGTH_8, [0, 1, 1]),
        (body_of, [b"", b"four", b"", b"last"], LENGTH_8, [0, 0, 0, 1, 1]),
        (body_of, [b"short"], LENGTH_8, [0, 1]),
        (body_of, [], LENGTH_8, [1]),
        (body_of, [b"four", b"last"], NO_LENGTH, [0, 0, 1]),
        (body_of, [], NO_LENGTH, [1]),
        (body_of, [b"four"], [("content-length", "many")], [0, 1]),
        (iter, [b"four", b"last"], NO_LENGTH, [0, 0, 1]),
    ],
)
def test_a_request_is_counted_before_its_last_part_is_handed_over(
    metrics, make, parts, headers, counts
):
    body = make(parts)
    server = Server(metrics)
    with metrics.adds(counted(200)):
        server.serve(answering(body, headers=headers))
    assert server.sent == b"".join(parts)
    assert server.counts == counts
    assert getattr(body, "closed", 1) == 1
    assert in_progress(metrics) == 0


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_answer_without_a_body_is_counted_before_its_end(metrics, method, status):
    server = Server(metrics, REQUEST_METHOD=method)
    with metrics.adds(counted(status, method)):
        server.serve(answering(Body(), f"{status} Status", LENGTH_8))
    assert server.counts == [1]


@pytest.mark.parametrize("raised", BREAKING)
@pytest.mark.parametrize("headers", [NO_LENGTH, LENGTH_8])
@pytest.mark.parametrize("parts", [(), (b"part",)])
def test_an_answer_that_breaks_is_a_500(metrics, raised, headers, parts):
    body = Body(*parts, broken=raised)
    server = Server(metrics)
    with metrics.adds(counted(500)), pytest.raises(RuntimeError):  # none ends the worker
        server.serve(answering(body, headers=headers))
    assert server.sent == b"".join(parts)
    assert body.closed == 1
    assert in_progress(metrics) == 0


@pytest.mark.parametrize("raised", BREAKING)
def test_an_application_that_breaks_is_a_500(metrics, raised):
    def app(environ, start_response):
        raise raised

    with metrics.adds(counted(500)), pytest.raises(RuntimeError):  # none ends the worker
        Server(metrics).serve(app)
    assert in_progress(metrics) == 0


@pytest.mark.parametrize(
    ("raised", "records"),
    [
        (RuntimeError("the server logs it"), 0),
        (OSError("the server logs it"), 0),
        (ConnectionResetError(104, "an upstream's: the server takes it for the client's"), 1),
        (BrokenPipeError(32, "an upstream's: the server takes it for the client's"), 1),
    ],
)
@pytest.mark.parametrize("begun", [True, False])
def test_what_a_server_would_not_log_is_logged_here(metrics, caplog, raised, records, begun):
    def app(environ, start_response):
        if begun:
            start_response("200 OK", NO_LENGTH)
            return Body(b"part", broken=raised)
        raise raised

    with caplog.at_level(logging.INFO), pytest.raises(type(raised)):
        Server(metrics).serve(app)
    errors = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.exc_info[1] for record in errors] == [raised] * records


def test_a_body_that_cannot_be_iterated_is_a_500(metrics):
    class Broken(Body):
        def __iter__(self):
            raise RuntimeError("broken")

    body = Broken()
    with metrics.adds(counted(500)), pytest.raises(RuntimeError):
        Server(metrics).serve(answering(body))
    assert body.closed == 1


@pytest.mark.parametrize("headers", [NO_LENGTH, LENGTH_8])
def test_a_client_that_goes_away_is_a_499_and_no_error(metrics, caplog, headers):
    body = Body(b"four", b"last")
    with metrics.adds(counted(499)):
        Server(metrics).serve(answering(body, headers=headers), stop_after=1)
    assert body.closed == 1
    assert in_progress(metrics) == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_client_that_goes_away_before_the_first_part_is_a_499(metrics):
    body = Body(b"four", b"last")
    environ = {}
    setup_testing_defaults(environ)
    with metrics.adds(counted(499)):
        measured(answering(body))(environ, Server(metrics).start_response).close()
    assert (body.asked, body.closed) == (0, 1)


def test_a_client_that_goes_away_after_its_answer_has_it(metrics):
    with metrics.adds(counted(200)):
        Server(metrics).serve(answering(Body(b"four", b"last"), headers=LENGTH_8), stop_after=2)


def test_a_stream_is_asked_for_a_part_when_the_server_wants_it(metrics):
    body = Body(b"one", b"two", b"three")
    server = Server(metrics)
    asked = []

    def write(part: bytes) -> None:
        asked.append(body.asked)

    server.write = write
    server.serve(answering(body))
    assert asked == [1, 2, 3]


def test_an_answer_may_start_with_its_first_part(metrics):
    def app(environ, start_response):
        start_response("201 Created", LENGTH_8)
        yield b"four"
        yield b"last"

    server = Server(metrics)
    with metrics.adds(counted(201)):
        server.serve(app)
    assert server.counts == [0, 1, 1]


def test_an_answer_may_be_written(metrics):
    def app(environ, start_response):
        write = start_response("200 OK", LENGTH_8)
        write(b"four")
        write(b"last")
        return []

    server = Server(metrics)
    with metrics.adds(counted(200)):
        server.serve(app)
    assert server.sent == b"fourlast"


def test_an_error_that_replaces_the_answer_is_what_is_counted(metrics):
    def app(environ, start_response):
        start_response("204 No Content", [])
        error = RuntimeError("after all")
        start_response("503 Sorry", NO_LENGTH, (type(error), error, None))
        return Body(b"sorry")

    server = Server(metrics)
    with metrics.adds(counted(503)):
        server.serve(app)
    assert server.statuses == ["204 No Content", "503 Sorry"]
    assert server.counts == [0, 1]


def test_an_application_that_never_starts_its_answer_is_a_500(metrics):
    with metrics.adds(counted(500)):
        Server(metrics).serve(lambda environ, start_response: Body())


def test_a_file_is_sent_part_by_part_and_timed_to_its_end(metrics):
    file = BytesIO(b"fourlast")

    def app(environ, start_response):
        start_response("200 OK", LENGTH_8)
        return environ["wsgi.file_wrapper"](file, 4)

    server = Server(metrics, **{"wsgi.file_wrapper": FileWrapper})
    with metrics.adds(counted(200)):
        server.serve(app)
    assert server.counts == [0, 1, 1]
    assert server.sent == b"fourlast"
    assert file.closed


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("checked", [lambda app: app, validator])
@pytest.mark.parametrize("make", [list, body_of])
@pytest.mark.parametrize("parts", [[b"in eight"], [b"four", b"last"], []])
def test_both_sides_keep_to_the_specification(metrics, method, checked, make, parts):
    environ = {"REQUEST_METHOD": method, "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    app = validator(measured(checked(answering(make(parts), headers=LENGTH_8))))
    with metrics.adds(counted(200, method)):
        body = app(environ, lambda status, headers, exc_info=None: print)
        assert b"".join(body) == b"".join(parts)
        body.close()
