"""What only Flask does: converters, mounts, middleware, handlers, several lives of an application."""

import gc
import io
import logging
import unittest
import weakref
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from flask import Blueprint, Flask, Response, abort, request
from httpx2 import Client, WSGITransport
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import BaseConverter
from werkzeug.test import create_environ

from {{ cookiecutter.package_name }}.app import create_app
from {{ cookiecutter.package_name }}.platform.core import Component
from {{ cookiecutter.package_name }}.platform.web import MeasuredFlask, install


def counted(endpoint: str, status: int, method: str = "GET", times: int = 1) -> dict[str, float]:
    """What so many requests add."""
    labels = f'endpoint="{endpoint}",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": times,
        "http_request_duration_seconds_count{" + labels + "}": times,
    }


def made(*components: Component) -> MeasuredFlask:
    """An application of these components."""
    app = MeasuredFlask("example", static_folder=None)
    install(app, components)
    return app


def client_of(app: Flask, **more: str) -> Client:
    """A client of an application that nobody has started."""
    return Client(transport=WSGITransport(app, **more), base_url="http://testserver")


def errors(caplog) -> list[BaseException]:
    """The exceptions that were logged."""
    return [record.exc_info[1] for record in caplog.records if record.levelno >= logging.WARNING]


def test_what_is_mounted_is_counted_under_its_mount(client, metrics):
    with metrics.adds(
        counted("/mounted", 200, times=2)
        | counted("/mounted", 405, "_OTHER")
        | counted("/plain", 200)
    ):
        client.get("/mounted/own/1")
        client.get("/mounted/deep/2")
        client.put("/mounted/deep/2")
        client.get("/plain/x")


def test_a_service_mounted_in_another_is_counted_once(client, app, metrics):
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/inner": made()})
    with metrics.adds(counted("/inner", 200, times=2)):
        assert client.get("/inner/livez").status_code == 200
        assert client.get("/inner/health").status_code == 200


def test_a_path_for_each_tenant_is_no_label(client, app, metrics):
    inside = app.wsgi_app

    def tenants(environ, start_response):
        _, tenant, path = environ["PATH_INFO"].split("/", 2)
        environ |= {"SCRIPT_NAME": f"/{tenant}", "PATH_INFO": f"/{path}"}
        return DispatcherMiddleware(inside)(environ, start_response)

    app.wsgi_app = tenants
    with metrics.adds(
        counted("unmatched", 404, times=3) | counted("/probe/outer/inner/{one}", 200, times=3)
    ):
        for tenant in ("a", "b", "c"):
            client.get(f"/{tenant}/nowhere")
            client.get(f"/{tenant}/probe/outer/inner/1")


def copying(app):
    return lambda environ, start_response: app(dict(environ), start_response)


def generating(app):
    def middleware(environ, start_response):
        yield from app(environ, start_response)

    return middleware


def buffering(app):
    def middleware(environ, start_response):
        started = []
        parts = list(app(environ, lambda *start: started.append(start)))
        start_response(*started[0])
        return iter(parts)

    return middleware


@pytest.mark.parametrize("middleware", [copying, generating, buffering])
def test_middleware_hides_neither_route_nor_status(client, app, metrics, middleware):
    app.wsgi_app = middleware(app.wsgi_app)
    with metrics.adds(
        counted("/probe/outer/inner/{one}", 200)
        | counted("/probe/outer/inner/{one}", 405, "_OTHER")
        | counted("unmatched", 404)
    ):
        client.get("/probe/outer/inner/1")
        client.put("/probe/outer/inner/1")
        client.get("/nowhere")


def test_what_middleware_answers_is_what_is_counted(client, app, metrics):
    inside = app.wsgi_app

    def middleware(environ, start_response):
        if "HTTP_AUTHORIZATION" not in environ:
            return Response("who are you", 401)(environ, start_response)
        return inside(environ, lambda status, *more: start_response("503 Sorry", *more))

    app.wsgi_app = middleware
    with metrics.adds(counted("unmatched", 401) | counted("/probe/outer/inner/{one}", 503)):
        client.get("/probe/outer/inner/1")
        client.get("/probe/outer/inner/1", headers={"authorization": "me"})


def test_parameters_lose_their_converters(metrics):
    class Letters(BaseConverter):
        regex = "[a-z]+"

        def __init__(self, url_map, pattern=""):
            super().__init__(url_map)

    router = Blueprint("converters", __name__, url_prefix="/convert")

    def answer(**found):
        return found

    for number, rule in enumerate(
        (
            "/int/<int:one>",
            "/range/<int(min=1, max=7):one>/<float:two>",
            "/any/<any(a, b):one>/x",
            "/path/<path:rest>",
            '/own/<letters("a:b"):one>',
            "/joined/<one>-<two>.json",
        )
    ):
        router.add_url_rule(rule, f"rule{number}", answer)
    app = made()
    app.url_map.converters["letters"] = Letters
    app.register_blueprint(router)
    client = client_of(app)
    with metrics.adds(
        counted("/convert/int/{one}", 200)
        | counted("/convert/range/{one}/{two}", 200)
        | counted("/convert/any/{one}/x", 200)
        | counted("/convert/path/{rest}", 200)
        | counted("/convert/own/{one}", 200)
        | counted("/convert/joined/{one}-{two}.json", 200)
    ):
        for path in ("int/1", "range/7/1.5", "any/b/x", "path/a/b", "own/abc", "joined/1-2.json"):
            assert client.get(f"/convert/{path}").status_code == 200


@pytest.mark.parametrize("hook", ["before_request", "url_value_preprocessor"])
def test_a_hook_that_answers_instead_of_a_view_keeps_the_template(metrics, hook):
    router = Blueprint("closed", __name__, url_prefix="/closed")
    getattr(router, hook)(lambda *arguments: abort(401))
    router.add_url_rule("/<one>", view_func=str)
    with metrics.adds(counted("/closed/{one}", 401)):
        client_of(made(Component(name="closed", routes=router))).get("/closed/1")


def test_flasks_own_answers_are_counted(client, app, metrics):
    app.add_url_rule("/folder/", view_func=str)
    with metrics.adds(
        counted("/probe/broken", 200, "OPTIONS")
        | counted("/probe/outer/inner/{one}", 200, "HEAD")
        | counted("unmatched", 308)
    ):
        assert client.options("/probe/broken").status_code == 200
        assert client.head("/probe/outer/inner/1").status_code == 200
        assert client.get("/folder").headers["location"] == "http://testserver/folder/"


@pytest.mark.parametrize(
    ("parts", "method", "sent"),
    [
        (["one"], "GET", [b"one"]),
        (["one", b"two"], "GET", [b"one", b"two"]),
        ([], "GET", []),
        (["one"], "HEAD", []),
    ],
)
def test_a_body_that_is_whole_is_counted_before_its_end_and_closed_after(
    metrics, parts, method, sent
):
    closed = []

    def whole():
        response = Response(parts)
        response.call_on_close(lambda: closed.append(1))
        return response

    app = made()
    app.add_url_rule("/whole", view_func=whole)
    with metrics.adds(counted("/whole", 200, method)):
        body = app(create_environ("/whole", method=method), lambda status, headers, *_: print)
        assert closed == []
        assert [part for part in body if part] == sent
    body.close()
    assert closed == [1]


def test_a_server_below_a_prefix_does_not_show_it(app, metrics):
    client = client_of(app, script_name="/behind")
    with metrics.adds(counted("/probe/outer/inner/{one}", 200)):
        client.get("/probe/outer/inner/1")
        assert client.get("/livez").status_code == 200


def test_slashes_too_many_at_the_beginning_are_no_endpoint_of_their_own(client, metrics):
    with metrics.adds(counted("/api/bookmarks", 200), "http"):
        assert client.get("http://testserver///api/bookmarks").status_code == 200


def test_scrapes_and_probes_are_never_in_progress(client, metrics):
    for path in ("/metrics", "/livez", "/readyz", "/health", "/api/health"):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        assert client.put(path).status_code == 405
    assert metrics.samples("http_requests_in_progress") == {}


def test_flasks_own_test_client_and_contexts_work_as_ever(app, metrics):
    with metrics.adds(counted("/probe/outer/inner/{one}", 200)):
        assert app.test_client().get("/probe/outer/inner/1").status_code == 200
    with metrics.adds({}), app.test_request_context("/probe/outer/inner/1") as context:
        assert context.request.url_rule.rule == "/probe/outer/inner/<one>"
    with metrics.adds({}), app.test_request_context("/nowhere") as context:
        assert context.request.url_rule is None


def test_a_request_that_ended_is_freed_without_the_garbage_collector(metrics):
    asked = []
    app = made()
    app.before_request(lambda: asked.append(weakref.ref(request._get_current_object())))
    app.add_url_rule("/<path:one>", view_func=lambda one: Response(iter(one)))
    gc.disable()
    try:
        for method, path in (("GET", "/part/by/part"), ("HEAD", "/part")):
            body = app(create_environ(path, method=method), lambda status, headers, *_: print)
            list(body)
            body.close()
            del body
        assert [reference() for reference in asked] == [None] * 2
    finally:
        gc.enable()


def test_a_view_that_leaves_the_process_is_a_500(metrics):
    def leave():
        raise SystemExit

    app = made()
    app.add_url_rule("/leave", view_func=leave)
    wrong = pytest.raises(RuntimeError, match=r"^a route raised SystemExit\(\)$")
    with metrics.adds(counted("/leave", 500)), wrong:
        client_of(app).get("/leave")


def test_two_applications_and_two_lives_share_the_metrics(client, metrics):
    other = made()
    second = client_of(other)
    with metrics.adds(counted("unmatched", 404, times=4), "http"):
        for _ in range(2):
            other.service.start()
            assert second.get("/readyz").status_code == 200
            second.get("/nowhere")
            client.get("/nowhere")
            other.service.stop()
            assert second.get("/readyz").status_code == 503


def test_under_a_server_that_starts_nothing_the_first_requests_start_everything_once():
    starts = []
    slow = Event()

    def start():
        starts.append(1)
        slow.wait(0.1)

    client = client_of(made(Component(name="slow", start=start)))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.get("/readyz").status_code, range(8)))
    assert answers == [200] * 8
    assert starts == [1]


def test_a_start_that_fails_is_tried_again_with_the_next_request():
    reasons = [RuntimeError("not yet"), None]

    def start():
        reason = reasons.pop(0)
        if reason is not None:
            raise reason

    client = client_of(made(Component(name="late", start=start)))
    with pytest.raises(RuntimeError, match="not yet"):
        client.get("/livez")
    assert client.get("/readyz").status_code == 200


def test_clients_are_known_by_the_address_that_a_trusted_proxy_saw(mock_env):
    mock_env(TRUSTED_PROXIES="127.0.0.1")
    app = made()
    client = client_of(app)
    for address in ("198.51.100.1", "198.51.100.2", "nonsense", None):
        headers = {} if address is None else {"x-forwarded-for": address}
        client.get("/nowhere", headers=headers)
    assert app.service.window.summary()["concurrent_users"] == 3


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nowhere", 404, "Not Found"),
        ("PUT", "/probe/broken", 405, "Method Not Allowed"),
        ("GET", "/probe/broken", 500, "Internal Server Error"),
    ],
)
def test_errors_are_json_and_say_no_more_than_their_name(client, method, path, status, detail):
    answer = client.request(method, path, headers={"X-Request-ID": "id-1"})
    body = {"detail": detail, "request_id": "id-1"}
    assert (answer.status_code, answer.json()) == (status, body)


def test_a_method_that_is_refused_names_those_that_are_allowed(client):
    allowed = client.put("/probe/broken").headers["allow"]
    assert sorted(allowed.split(", ")) == ["GET", "HEAD", "OPTIONS"]


@pytest.mark.parametrize("late", [True, False], ids=["after install", "before install"])
@pytest.mark.parametrize("handled", [404, HTTPException, Exception])
def test_an_error_handler_of_the_team_wins(metrics, late, handled):
    app = MeasuredFlask("example")
    if late:
        install(app, [])
    app.register_error_handler(handled, lambda error: ("come back later", 503))
    if not late:
        install(app, [])
    with metrics.adds(counted("unmatched", 503)):
        assert client_of(app).get("/nowhere").text == "come back later"


def test_a_response_that_was_aborted_with_is_sent_as_it_is(metrics):
    app = made()
    app.add_url_rule("/gone", view_func=lambda: abort(Response("gone", 410)))
    with metrics.adds(counted("/gone", 410)):
        assert client_of(app).get("/gone").text == "gone"


def test_an_unhandled_exception_is_logged_once_with_its_traceback(client, caplog):
    client.get("/probe/broken")
    [error] = errors(caplog)
    assert str(error) == "broken"
    assert error.__traceback__.tb_next is not None


class Connection:
    """A connection that is reset while the body is read."""

    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError(104, "Connection reset by peer")


@pytest.mark.parametrize("length", ["1000", None])
def test_a_client_that_leaves_before_its_body_is_complete_is_a_499_and_no_error(
    metrics, caplog, length
):
    app = made()

    @app.post("/upload")
    def upload():
        return request.get_data()

    environ = create_environ("/upload", method="POST")
    environ |= {"wsgi.input": Connection(), "wsgi.input_terminated": True}
    if length:
        environ["CONTENT_LENGTH"] = length
    with metrics.adds(counted("/upload", 499, "POST")):
        list(app(environ, lambda status, headers, *_: print))
    assert errors(caplog) == []


def test_a_body_that_ends_before_its_length_is_a_499_for_any_view(metrics, caplog):
    app = made()
    app.add_url_rule("/upload", view_func=lambda: dict(request.json), methods=["POST"])
    environ = create_environ("/upload", method="POST", input_stream=io.BytesIO(b"{}"))
    environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "100"}
    environ["wsgi.input_terminated"] = True  # as gunicorn has it
    with metrics.adds(counted("/upload", 499, "POST")):
        list(app(environ, lambda status, headers, *_: print))
    assert errors(caplog) == []


def test_an_exception_of_an_upstream_is_the_services_own(metrics, caplog):
    def fetch():
        raise ConnectionResetError(104, "Connection reset by peer")

    app = made()
    app.add_url_rule("/fetch", view_func=fetch)
    with metrics.adds(counted("/fetch", 500)):
        client_of(app).get("/fetch")
    assert [str(error) for error in errors(caplog)] == ["[Errno 104] Connection reset by peer"]


def test_sessions_are_signed_with_the_secret_of_the_settings(mock_env):
    mock_env(SECRET_KEY="another-secret-of-at-least-32-characters")
    assert made().config["SECRET_KEY"] == "another-secret-of-at-least-32-characters"


@pytest.mark.parametrize("turn", [1, 2])
def test_flasks_own_client_is_counted_and_what_it_started_ends_with_the_test(
    turn, database, metrics
):
    client = create_app().test_client()
    with metrics.adds(counted("/api/bookmarks", 200), "http"):
        assert client.get("/api/bookmarks").json == []


class TestCaseOfTheStandardLibrary(unittest.TestCase):
    """Whose tests take no fixtures."""

    def test_flasks_own_client_answers(self):
        assert create_app().test_client().get("/livez").json == {"status": "alive"}
