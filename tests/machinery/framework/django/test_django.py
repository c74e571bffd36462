"""What only Django can do: included URLs, hosts, its admin pages, several applications."""

import io

import pytest
from django.conf import settings
from django.http import FileResponse, HttpResponse, StreamingHttpResponse, UnreadablePostError
from django.test import Client
from django.urls import include, path, re_path

from {{ cookiecutter.package_name }}.platform.core.components import Component, discover
from {{ cookiecutter.package_name }}.platform.web.app import create_app
from {{ cookiecutter.package_name }}.platform.web.endpoints import template


def counted(endpoint: str, status: int, method: str = "GET", times: int = 1) -> dict[str, float]:
    """What so many requests add."""
    labels = f'endpoint="{endpoint}",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": times,
        "http_request_duration_seconds_count{" + labels + "}": times,
    }


def application(*routes):
    """The application with some more routes, started."""
    added = [Component(name=f"added{i}", routes=route) for i, route in enumerate(routes)]
    app = create_app([*discover(), *added])
    app.lifespan.start()
    return app


class Asked:
    """One request to a WSGI application, and what a server got for it."""

    def __init__(self, app, target, method="GET", host="localhost", **environ):
        self.status = None
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

    def rest(self) -> bytes:
        """Send all that is left, and close."""
        content = b"".join(self.body)
        self.body.close()
        return content


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


def test_templates_are_full_through_included_urls(database, metrics):
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


def test_a_host_that_is_not_ours_is_refused_and_is_one_series_whatever_it_is_called(
    client, metrics, caplog
):
    with metrics.adds(counted("unmatched", 400, times=20)):
        for number in range(20):
            answer = client.get("/api/bookmarks", headers={"host": f"host{number}.example"})
            assert (answer.status_code, answer.json()) == (400, {"detail": "Bad Request"})
    assert caplog.records == []


def test_machines_may_ask_by_any_address(client):
    for target in ("/metrics", "/livez", "/readyz", "/health", "/api/health"):
        assert client.get(target, headers={"host": "10.0.0.7:8000"}).status_code == 200


def test_hosts_are_allowed_by_the_settings(database, mock_env):
    mock_env(ALLOWED_HOSTS=".example.org, example.com")
    app = application()
    for host, status in (
        ("www.example.org", 404),
        ("example.com:8000", 404),
        ("localhost", 400),
    ):
        asked = Asked(app, "/nowhere", host=host)
        asked.rest()
        assert asked.status == status


@pytest.mark.parametrize(
    ("environment", "debug", "shown"),
    [
        ("development", "true", True),
        ("development", None, False),
        ("test", "true", False),
        ("production", "true", False),
    ],
)
def test_debug_pages_are_for_development_only(database, mock_env, environment, debug, shown):
    mock_env(ENVIRONMENT=environment, DEBUG=debug)
    body = Asked(application(), "/nowhere").rest()
    assert settings.DEBUG is shown
    assert (b"DEBUG = True" in body) is shown


def test_cookies_need_tls_in_production_and_are_signed_with_the_secret(database, mock_env):
    mock_env(ENVIRONMENT="production", SECRET_KEY="5" * 40)
    create_app()
    assert settings.SESSION_COOKIE_SECURE is settings.CSRF_COOKIE_SECURE is True
    assert settings.SECRET_KEY == "5" * 40


def test_a_request_that_may_be_forged_is_refused_in_json(database, metrics):
    app = application(path("form", lambda request: HttpResponse("taken")))
    with metrics.adds(counted("/form", 403, "POST")):
        asked = Asked(app, "/form", method="POST")
        assert asked.rest() == b'{"detail": "Forbidden"}'


def test_a_method_that_a_route_lacks_is_refused_in_json_with_those_it_has(client):
    answer = client.put("/probe/waiting/1")
    assert answer.status_code == 405
    assert answer.json() == {"detail": "Method Not Allowed"}
    assert answer.headers["allow"] == "GET"


def test_the_admin_pages_are_there_with_their_style(client, metrics):
    with metrics.adds(
        counted("unmatched", 301)
        | counted("/admin/", 302)
        | counted("/admin/login/", 200)
        | counted("/static/{path}", 200)
        | counted("/static/{path}", 404)
        | {
            'http_request_duration_seconds_count{endpoint="/static/{path}",method="GET"}': 2,
        }
    ):
        assert client.get("/admin").headers["location"] == "/admin/"
        assert client.get("/admin/").headers["location"] == "/admin/login/?next=/admin/"
        assert "/static/admin/css/base.css" in client.get("/admin/login/").text
        assert (
            client.get("/static/admin/css/base.css").headers["content-type"].startswith("text/css")
        )
        assert client.get("/static/admin/css/none.css").status_code == 404


@pytest.mark.parametrize(
    ("raised", "status"), [(SystemExit(), 500), (KeyboardInterrupt(), 500), (GeneratorExit(), 500)]
)
def test_whatever_ends_a_request_counts_it_once_and_goes_on(database, metrics, raised, status):
    def view(request):
        raise raised

    app = application(path("ends", view))
    with metrics.adds(counted("/ends", status)), pytest.raises(type(raised)):
        Asked(app, "/ends")
    assert metrics.samples("http_requests_in_progress") == {
        'http_requests_in_progress{endpoint="/ends",method="GET"}': 0.0
    }


def test_a_client_that_leaves_while_it_sends_is_a_client_gone_and_no_line_in_the_log(
    database, metrics, caplog
):
    def view(request):
        raise UnreadablePostError("reset")

    app = application(path("reads", view))
    with metrics.adds(counted("/reads", 499)):
        Asked(app, "/reads").rest()
    assert [record for record in caplog.records if record.name.startswith("django")] == []


@pytest.mark.parametrize(
    ("taken", "status", "gauge"), [(0, 499, 0.0), (1, 499, 0.0), (2, 499, 0.0), (3, 200, 0.0)]
)
def test_a_stream_is_a_client_gone_unless_it_was_taken_to_its_end(
    database, metrics, taken, status, gauge
):
    app = application(path("stream", lambda request: StreamingHttpResponse([b"a", b"b"])))
    with metrics.adds(counted("/stream", status)):
        asked = Asked(app, "/stream")
        parts = iter(asked.body)
        in_progress = 'http_requests_in_progress{endpoint="/stream",method="GET"}'
        assert metrics.value(in_progress) == 1.0
        for _ in range(taken):
            next(parts, None)
        asked.body.close()
    assert metrics.value(in_progress) == gauge


def test_an_answer_that_is_whole_is_counted_before_any_of_it_is_handed_over(database, metrics):
    app = application(path("whole", lambda request: HttpResponse("whole")))
    with metrics.adds(counted("/whole", 200)):
        asked = Asked(app, "/whole")
        assert (
            metrics.value('http_requests_total{endpoint="/whole",method="GET",status="200"}') == 1.0
        )
        asked.rest()


class Sendfile:
    """What a server would send by itself."""


def test_a_file_is_counted_with_the_part_that_completes_it(database, metrics):
    app = application(path("file", lambda request: FileResponse(io.BytesIO(b"x" * 5000))))
    series = 'http_requests_total{endpoint="/file",method="GET",status="200"}'
    asked = Asked(app, "/file", **{"wsgi.file_wrapper": Sendfile})
    assert asked.environ["wsgi.file_wrapper"] is Sendfile  # gunicorn looks at it again
    parts = iter(asked.body)
    assert len(next(parts)) == 4096
    assert series not in metrics.samples()
    assert len(next(parts)) == 904
    assert metrics.value(series) == 1.0
    asked.body.close()
    assert metrics.value(series) == 1.0


def test_two_applications_keep_their_urls_apart_and_share_the_metrics(client, database, metrics):
    other = application(path("other", lambda request: HttpResponse("other")))
    with metrics.adds(
        counted("/other", 200)
        | counted("unmatched", 404)
        | counted("/probe/outer/inner/{one}", 200)
    ):
        assert Asked(other, "/other").rest() == b"other"
        assert client.get("/other").status_code == 404
        assert client.get("/probe/outer/inner/1").status_code == 200


def test_djangos_own_test_client_works_and_counts_nothing(database, metrics):
    create_app()
    with metrics.adds({}):
        assert Client(headers={"host": "localhost"}).get("/livez").status_code == 200
