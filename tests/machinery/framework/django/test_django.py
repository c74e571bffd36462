"""Requests to Django are counted as they are answered, whatever its views and middleware do."""

import asyncio
import io
import sys
import warnings
from types import ModuleType

import pytest
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, StreamingHttpResponse, UnreadablePostError
from django.urls import include, path, re_path

from {{ cookiecutter.package_name }} import urls
from {{ cookiecutter.package_name }}.platform.core.components import discover
from {{ cookiecutter.package_name }}.platform.health.report import OPERATIONS
from {{ cookiecutter.package_name }}.platform.web.endpoints import template
from {{ cookiecutter.package_name }}.platform.web.running import running


def counted(endpoint: str, status: int, method: str = "GET", times: int = 1) -> dict[str, float]:
    """What so many requests add."""
    labels = f'endpoint="{endpoint}",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": times,
        "http_request_duration_seconds_count{" + labels + "}": times,
    }


@pytest.fixture
def application(database, monkeypatch, settings):
    """Make the application with some more routes, started."""

    def make(*routes):
        module = ModuleType("urls_of_a_test")
        vars(module).update(vars(urls), urlpatterns=[*routes, *urls.urlpatterns])
        monkeypatch.setitem(sys.modules, module.__name__, module)
        settings.ROOT_URLCONF = module.__name__
        running.start()
        return get_wsgi_application()

    return make


class Asked:
    """One request to a WSGI application, and what a server got for it."""

    def __init__(self, app, target, method="GET", host="localhost", **environ):
        self.status = None
        self.headers = {}
        self.environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": target,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.1",
            "HTTP_HOST": host,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            **environ,
        }
        self.body = app(self.environ, self.start)

    def start(self, status, headers, exc_info=None):
        """Take the head of the answer."""
        self.status = int(status[:3])
        self.headers = dict(headers)

    def rest(self) -> bytes:
        """Send all that is left, and close."""
        content = b"".join(self.body)
        self.body.close()
        return content


def in_progress(metrics) -> float:
    """The requests that are under way."""
    return sum(metrics.samples("http_requests_in_progress").values())


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("", "/"),
        ("plain", "/plain"),
        ("api/bookmarks/<id>", "/api/bookmarks/{id}"),
        ("a/<int:one>/b/<uuid:two>", "/a/{one}/b/{two}"),
        (r"^articles/(?P<year>[0-9]{4})/$", "/articles/{year}/"),
        (r"^(?:page-(?P<number>\d+)/)?$", "/page-{number}/"),
        (r"^old/(\d+)/(\w+)$", "/old/{0}/{1}"),
        (r"admin/(?P<url>.*)$", "/admin/{url}"),
        (r"a/<int:one>/^year/(?P<year>\d+)$", "/a/{one}/year/{year}"),
        (r"^$", "/"),
        (r"^(?!api)", "/(?!api)"),
        ("c++", "/c++"),
    ],
)
def test_a_route_is_written_as_in_every_framework(route, expected):
    assert template(route) == expected


def test_templates_are_full_through_included_urls(application, metrics):
    def view(request, **names):
        return HttpResponse("seen")

    inner = include([path("own/<slug:two>", view), re_path(r"^year/(?P<year>\d+)$", view)])
    app = application(path("mounted/<int:tenant>/", include([path("deep/", inner)])))
    with metrics.adds(
        counted("/mounted/{tenant}/deep/own/{two}", 200, times=2)
        | counted("/mounted/{tenant}/deep/year/{year}", 200)
        | counted("unmatched", 404, times=2)
    ):
        for target in (
            "/mounted/1/deep/own/a",
            "/mounted/2/deep/own/b",
            "/mounted/2/deep/year/2026",
            "/mounted/x/deep/own/a",
            "/mounted/1/deep/year/none",
        ):
            Asked(app, target).rest()


def test_a_prefix_of_the_server_is_no_part_of_the_template(application, metrics):
    app = application(path("here", lambda request: HttpResponse("here")))
    with metrics.adds(counted("/here", 200)):
        assert Asked(app, "/here", SCRIPT_NAME="/tenant-7").rest() == b"here"
        assert Asked(app, "/livez", SCRIPT_NAME="/tenant-7").rest() == b'{"status": "alive"}'


LEAVING = [SystemExit(), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()]


@pytest.mark.parametrize("raised", LEAVING)
def test_whatever_ends_a_request_counts_it_once_and_no_worker(application, metrics, raised):
    def view(request):
        raise raised

    app = application(path("ends", view))
    with metrics.adds(counted("/ends", 500), "http"):
        assert Asked(app, "/ends").status == 500
    assert in_progress(metrics) == 0


def test_an_unhandled_exception_is_logged_once_with_its_traceback(application, caplog):
    def view(request):
        raise ArithmeticError("of the view")

    app = application(path("fails", view), path("bad", lambda request: HttpResponse(status=503)))
    assert b'{"detail": "Internal Server Error", "request_id": "' in Asked(app, "/fails").rest()
    [record] = caplog.records
    assert record.exc_info[0] is ArithmeticError
    assert Asked(app, "/bad").rest() == b""  # answered on purpose
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("raises", "status"),
    [(lambda: None, 202), (lambda: ArithmeticError("of a middleware"), 500)],
)
def test_what_another_middleware_answers_is_counted_as_it_is_sent(
    application, metrics, settings, raises, status
):
    def middleware(get_response):
        def answer(request):
            get_response(request)
            if error := raises():
                raise error
            return HttpResponse(status=202)

        return answer

    with pytest.MonkeyPatch.context() as patch:  # Django looks for it when it loads the list
        patch.setattr(urls, "middleware", middleware, raising=False)
        settings.MIDDLEWARE = [settings.MIDDLEWARE[0], f"{urls.__name__}.middleware"]
        app = application(path("view", lambda request: HttpResponse("of the view")))
    with metrics.adds(counted("/view", status), "http"):
        asked = Asked(app, "/view")
        asked.rest()
    assert asked.status == status


def test_a_client_that_leaves_while_it_sends_is_a_client_gone_and_no_line_in_the_log(
    application, metrics, caplog
):
    def view(request):
        raise UnreadablePostError("reset")

    app = application(path("reads", view))
    with metrics.adds(counted("/reads", 499)):
        Asked(app, "/reads").rest()
    assert caplog.records == []


@pytest.mark.parametrize(("taken", "status"), [(0, 499), (1, 499), (2, 499), (3, 200)])
def test_a_stream_is_a_client_gone_unless_it_was_taken_to_its_end(
    application, metrics, taken, status
):
    app = application(path("stream", lambda request: StreamingHttpResponse([b"a", b"b"])))
    with metrics.adds(counted("/stream", status)):
        asked = Asked(app, "/stream")
        parts = iter(asked.body)
        assert in_progress(metrics) == 1
        for _ in range(taken):
            next(parts, None)
        asked.body.close()
    assert in_progress(metrics) == 0


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_stream_that_http_does_not_send_is_counted_at_once(application, metrics, method, status):
    app = application(path("s", lambda request: StreamingHttpResponse([b"a"], status=status)))
    with metrics.adds(counted("/s", status, method)):
        Asked(app, "/s", method=method)


@pytest.mark.parametrize("asked", ["/view", "/stream", "/livez", "/nowhere"])
def test_head_is_answered_without_a_body_for_gunicorn_to_warn_of(application, metrics, asked):
    app = application(
        path("view", lambda request: HttpResponse("body")),
        path("stream", lambda request: StreamingHttpResponse([b"body"])),
    )
    assert Asked(app, asked, method="HEAD").rest() == b""


@pytest.mark.parametrize("raised", [RuntimeError("half way"), *LEAVING])
def test_a_stream_that_breaks_is_a_500(application, metrics, raised):
    def parts():
        yield b"one"
        raise raised

    app = application(path("stream", lambda request: StreamingHttpResponse(parts())))
    with metrics.adds(counted("/stream", 500)), pytest.raises(RuntimeError):  # no worker ends
        Asked(app, "/stream").rest()


def test_an_asynchronous_view_and_its_stream_are_counted_to_the_end(application, metrics):
    async def parts():
        yield b"one"
        await asyncio.sleep(0.05)
        yield b"two"

    async def view(request):
        return StreamingHttpResponse(parts())

    app = application(path("stream", view))
    with metrics.adds(counted("/stream", 200)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "StreamingHttpResponse must consume asynchronous")
        assert Asked(app, "/stream").rest() == b"onetwo"
    timed = {"endpoint": "/stream", "method": "GET"}
    assert metrics.histogram("http_request_duration_seconds", **timed).sum >= 0.05


def test_an_answer_that_is_whole_is_counted_before_any_of_it_is_handed_over(application, metrics):
    app = application(path("whole", lambda request: HttpResponse("whole")))
    with metrics.adds(counted("/whole", 200)):
        Asked(app, "/whole")


class Sendfile:
    """What a server would send by itself."""


def test_a_file_is_counted_with_the_part_that_completes_it_and_closed(application, metrics):
    file = io.BytesIO(b"x" * 5000)
    app = application(path("file", lambda request: FileResponse(file)))
    series = 'http_requests_total{endpoint="/file",method="GET",status="200"}'
    asked = Asked(app, "/file", **{"wsgi.file_wrapper": Sendfile})
    parts = iter(asked.body)
    assert len(next(parts)) == 4096
    assert series not in metrics.samples()
    assert len(next(parts)) == 904
    assert metrics.value(series) == 1.0
    asked.body.close()
    assert metrics.value(series) == 1.0
    assert file.closed


def test_machines_may_ask_by_any_address_and_whatever_the_other_middleware_wants(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    for target in OPERATIONS:
        assert client.get(target, headers={"host": "10.0.0.7:8000"}).status_code == 200


def test_a_method_that_a_probe_lacks_is_refused_with_those_it_has(client, metrics):
    with metrics.adds({}, "http"):
        answer = client.post("/livez")
    assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"})
    assert answer.headers["allow"] == "GET, HEAD"


def test_the_first_request_starts_the_components_whatever_the_server(database, caplog):
    caplog.set_level("INFO")
    app = get_wsgi_application()
    assert caplog.messages == []
    for _ in range(2):
        assert Asked(app, "/readyz").rest() == b'{"status": "ready"}'
    names = ", ".join(component.name for component in discover())
    assert caplog.messages == [f"ready with {names}"]
    running.stop()
    assert caplog.messages[1:] == ["stopped"]


def test_a_component_that_fails_to_start_is_a_500_until_it_starts(database, metrics, monkeypatch):
    failing = [OSError("first"), OSError("second")]

    def start(self):
        if failing:
            raise failing.pop()
        monkeypatch.undo()
        self.start()

    app = get_wsgi_application()
    monkeypatch.setattr("{{ cookiecutter.package_name }}.platform.core.lifecycle.Lifecycle.start", start)
    statuses = []
    for _ in range(3):
        asked = Asked(app, "/livez")
        asked.rest()
        statuses.append(asked.status)
    assert statuses == [500, 500, 200]
