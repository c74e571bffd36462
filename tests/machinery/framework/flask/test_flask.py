"""What only Flask does: converters, mounts, redirects, several lives of an application."""

import pytest
from flask import Blueprint, Flask, Response
from httpx2 import Client, WSGITransport
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import BaseConverter
from werkzeug.test import create_environ

from {{ cookiecutter.package_name }}.platform.core.components import Component
from {{ cookiecutter.package_name }}.platform.web.app import create_app


def counted(endpoint: str, status: int, method: str = "GET", times: int = 1) -> dict[str, float]:
    """What so many requests add."""
    labels = f'endpoint="{endpoint}",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": times,
        "http_request_duration_seconds_count{" + labels + "}": times,
    }


def client_of(app: Flask) -> Client:
    """A client of an application that is never started."""
    return Client(transport=WSGITransport(app), base_url="http://testserver")


def test_templates_are_full_through_mounts(client, metrics):
    with metrics.adds(
        counted("/mounted/own/{two}", 200)
        | counted("/mounted/deep/{one}", 200, times=2)
        | counted("/mounted/deep/{one}", 405, "PUT")
        | counted("/plain", 200, times=2)
        | counted("unmatched", 404)
    ):
        client.get("/mounted/own/1")
        client.get("/mounted/deep/1")
        client.get("/mounted/deep/2")
        client.put("/mounted/deep/2")
        client.get("/plain/x")
        client.get("/plain/y")
        client.get("/mounted/nowhere")


def test_a_service_mounted_in_another_is_counted_once(client, app, metrics):
    inner = create_app([])
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/inner": inner})
    inner.wsgi_app = DispatcherMiddleware(inner.wsgi_app, {"/most": create_app([])})
    with metrics.adds(counted("/inner/most/livez", 200) | counted("/inner/livez", 200)):
        assert client.get("/inner/most/livez").status_code == 200
        assert client.get("/inner/livez").status_code == 200


def test_a_mount_that_clients_can_name_is_unmatched(client, app, metrics):
    inside = app.wsgi_app

    def tenants(environ, start_response):
        _, tenant, path = environ["PATH_INFO"].split("/", 2)
        environ |= {"SCRIPT_NAME": f"/{tenant}", "PATH_INFO": f"/{path}"}
        return DispatcherMiddleware(inside)(environ, start_response)

    app.wsgi_app = tenants
    with metrics.adds(counted("unmatched", 404, times=3)):
        for tenant in ("a", "b", "c"):
            client.get(f"/{tenant}/nowhere")


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
    app = create_app([])
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


def test_a_hook_that_answers_instead_of_a_view_keeps_the_template(metrics):
    router = Blueprint("closed", __name__, url_prefix="/closed")
    router.before_request(lambda: ("", 401))
    router.add_url_rule("/<one>", view_func=str)
    app = create_app([Component(name="closed", routes=router)])
    with metrics.adds(counted("/closed/{one}", 401)):
        client_of(app).get("/closed/1")


@pytest.mark.parametrize(
    ("parts", "method", "sent"),
    [
        (["one"], "GET", [b"one"]),
        (["one", b"two"], "GET", [b"one", b"two"]),
        ([], "GET", []),
        (["one"], "HEAD", []),
    ],
)
def test_a_body_that_is_whole_is_counted_before_it_is_handed_over_and_closed_after(
    metrics, parts, method, sent
):
    closed = []

    def whole():
        response = Response(parts)
        response.call_on_close(lambda: closed.append(1))
        return response

    app = create_app([])
    app.add_url_rule("/whole", view_func=whole)
    with metrics.adds(counted("/whole", 200, method)):
        body = app(create_environ("/whole", method=method), lambda status, headers, *_: print)
    assert closed == []
    assert [part for part in body if part] == sent
    body.close()
    assert closed == [1]


def test_a_server_below_a_prefix_does_not_show_it(app, metrics):
    transport = WSGITransport(app, script_name="/behind")
    client = Client(transport=transport, base_url="http://testserver")
    with metrics.adds(counted("/probe/outer/inner/{one}", 200)):
        client.get("/probe/outer/inner/1")


def test_flasks_own_test_client_and_contexts_work_as_ever(app, metrics):
    with metrics.adds(counted("/probe/outer/inner/{one}", 200)):
        assert app.test_client().get("/probe/outer/inner/1").status_code == 200
    with metrics.adds({}), app.test_request_context("/probe/outer/inner/1") as context:
        assert context.request.url_rule.rule == "/probe/outer/inner/<one>"
    with metrics.adds({}), app.test_request_context("/nowhere") as context:
        assert context.request.url_rule is None


def test_a_view_that_leaves_the_process_is_a_500(metrics):
    def leave():
        raise SystemExit

    app = create_app([])
    app.add_url_rule("/leave", view_func=leave)
    with metrics.adds(counted("/leave", 500)), pytest.raises(SystemExit):
        client_of(app).get("/leave")


def test_two_applications_and_two_lives_share_the_metrics(client, metrics):
    other = create_app([])
    second = client_of(other)
    with metrics.adds(counted("unmatched", 404, times=4), "http"):
        for _ in range(2):
            other.lifespan.start()
            assert second.get("/readyz").status_code == 200
            second.get("/nowhere")
            client.get("/nowhere")
            other.lifespan.stop()
            assert second.get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/nowhere", 404, {"detail": "Not Found"}),
        ("PUT", "/probe/broken", 405, {"detail": "Method Not Allowed"}),
        ("GET", "/probe/broken", 500, {"detail": "Internal Server Error"}),
    ],
)
def test_errors_are_json_and_say_no_more_than_their_name(client, method, path, status, body):
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()) == (status, body)


def test_a_method_that_is_refused_names_those_that_are_allowed(client):
    allowed = client.put("/probe/broken").headers["allow"]
    assert sorted(allowed.split(", ")) == ["GET", "HEAD", "OPTIONS"]
