"""What a team adds to the application, as FastAPI's documentation has it, works and is counted right."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import OperationalError
from starlette.routing import Mount, Route, Router
from starlette.testclient import TestClient

from {{ cookiecutter.package_name }}.app import app as served
from {{ cookiecutter.package_name }}.app import create_app
from {{ cookiecutter.package_name }}.bookmarks.routes import get_settings
from {{ cookiecutter.package_name }}.bookmarks.settings import BookmarksSettings
from {{ cookiecutter.package_name }}.platform.core import Component
from {{ cookiecutter.package_name }}.platform.db import get_session
from {{ cookiecutter.package_name }}.platform.web import install

UNMATCHED = "unmatched"


def counted(*requests: tuple[str, int] | tuple[str, int, str]) -> dict[str, float]:
    """What these requests add: endpoint, status, and the method where it is not GET."""
    samples = {}
    for endpoint, status, *method in requests:
        labels = f'endpoint="{endpoint}",method="{(*method, "GET")[0]}"'
        for series in (
            "http_requests_total{" + labels + f',status="{status}"' + "}",
            "http_request_duration_seconds_count{" + labels + "}",
        ):
            samples[series] = samples.get(series, 0.0) + 1.0
    return samples


@pytest.fixture
def app(database) -> FastAPI:
    """The application, to be added to."""
    return create_app()


def client_of(app: FastAPI) -> TestClient:
    """A client that gets what a server would send; start and stop it by `with`."""
    return TestClient(app, raise_server_exceptions=False)


def one() -> PlainTextResponse:
    """A route."""
    return PlainTextResponse("one")


class CopiesTheScope:
    """A middleware that passes on a scope of its own."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(dict(scope), receive, send)


def test_the_answer_of_a_middleware_is_counted_as_sent(app, metrics):
    @app.middleware("http")
    async def refuse(request: Request, call_next):
        if "authorization" in request.headers:
            return await call_next(request)
        return PlainTextResponse("who are you?", 401)

    with (
        client_of(app) as client,
        metrics.adds(counted((UNMATCHED, 401), ("/api/bookmarks", 200)), "http"),
    ):
        assert client.get("/api/bookmarks").status_code == 401
        assert client.get("/api/bookmarks", headers={"authorization": "x"}).status_code == 200


def test_a_preflight_is_counted_as_sent(app, metrics):
    app.add_middleware(CORSMiddleware, allow_origins=["https://example.com"])
    asked = {"origin": "https://example.com", "access-control-request-method": "GET"}
    with client_of(app) as client, metrics.adds(counted((UNMATCHED, 200, "OPTIONS")), "http"):
        assert client.options("/api/bookmarks", headers=asked).status_code == 200


@pytest.mark.parametrize("handled", [OperationalError, Exception, 500])
def test_the_answer_of_an_error_handler_is_counted_as_sent(app, metrics, handled):
    @app.exception_handler(handled)
    async def sorry(request, error):
        return JSONResponse({"detail": "later"}, 503)

    @app.get("/fails/{how}")
    def fails(how: str) -> None:
        raise OperationalError(how, None, ConnectionError())

    with client_of(app) as client, metrics.adds(counted(("/fails/{how}", 503)), "http"):
        assert client.get("/fails/now").json() == {"detail": "later"}


@pytest.mark.parametrize("kind", ["add_middleware", "constructor"])
def test_a_middleware_may_copy_the_scope(app, metrics, kind):
    if kind == "add_middleware":
        app.add_middleware(CopiesTheScope)
    else:
        app = FastAPI(middleware=[(CopiesTheScope, (), {})])
        install(app)
    with client_of(app) as client, metrics.adds(counted(("/api/bookmarks/{id}", 404)), "http"):
        client.get("/api/bookmarks/7")


def test_templates_are_full_through_mounts(app, metrics, tmp_path):
    (tmp_path / "site.css").write_text("")
    router = APIRouter(prefix="/inner")
    router.add_api_route("/{one}", one)
    inner = FastAPI()
    inner.add_api_route("/own/{two:path}", one)
    inner.include_router(router, prefix="/deep")
    inner.mount("/most", Router([Route("/{three:int}", PlainTextResponse("one"))]))
    app.mount("/mounted/{tenant}", inner)
    app.mount("/router", router)
    app.mount("/static", StaticFiles(directory=tmp_path))
    in_starlette = Route("/", PlainTextResponse("one"))
    app.mount("/starlette", Router([Mount("/in", routes=[in_starlette])]))
    expected = {
        "/mounted/a/own/1/2": "/mounted/{tenant}/own/{two}",
        "/mounted/b/deep/inner/1": "/mounted/{tenant}/deep/inner/{one}",
        "/mounted/b/most/3": "/mounted/{tenant}/most/{three}",
        "/mounted/b/nowhere": UNMATCHED,
        "/router/inner/1": "/router/inner/{one}",
        "/router/nowhere": UNMATCHED,
        "/static/site.css": "/static",
        "/starlette/in/": "/starlette/in/",
        "/openapi.json": "/openapi.json",
        "/docs": "/docs",
    }
    with client_of(app) as client:
        for path, template in expected.items():
            status = 404 if template == UNMATCHED else 200
            with metrics.adds(counted((template, status)), "http"):
                assert client.get(path).status_code == status


def test_an_application_that_hides_its_routes_is_counted_under_its_mount(app, metrics):
    inner = FastAPI()
    inner.add_api_route("/own/{two}", one)
    app.mount("/first", CORSMiddleware(inner))
    app.mount("/second/{tenant}", CORSMiddleware(inner))
    with (
        client_of(app) as client,
        metrics.adds(
            counted(("/first", 200), ("/second/{tenant}", 200), ("/second/{tenant}", 200)), "http"
        ),
    ):
        for path in ("/first/own/1", "/second/a/own/1", "/second/b/own/2"):
            assert client.get(path).status_code == 200


def test_what_is_reached_by_several_ways_is_counted_under_the_one_taken(app, metrics):
    router = APIRouter()
    router.add_api_route("/both/{a}", one)
    router.add_api_route("/both/{a}/{b}", one)
    inner = FastAPI()
    inner.include_router(router)
    app.include_router(router, prefix="/v1")
    app.include_router(router, prefix="/v2/{tenant}")
    app.mount("/v3", inner)
    app.mount("/v4/{a}", inner)
    expected = {
        "/v1/both/x": "/v1/both/{a}",
        "/v1/both/x/y": "/v1/both/{a}/{b}",
        "/v2/t/both/x": "/v2/{tenant}/both/{a}",
        "/v3/both/x": "/v3/both/{a}",
        "/v4/t/both/x/y": "/v4/{a}/both/{a}/{b}",
    }
    for root in ("", "/behind"):
        app.root_path = root
        with client_of(app) as client:
            for path, template in expected.items():
                with metrics.adds(counted((template, 200)), "http"):
                    assert client.get(root + path).status_code == 200


def test_a_route_may_be_added_while_the_service_runs(app, metrics):
    with client_of(app) as client:
        client.get("/api/bookmarks")
        app.add_api_route("/late/{one}", one)
        with metrics.adds(counted(("/late/{one}", 200), (UNMATCHED, 404)), "http"):
            client.get("/late/1")
            client.get("/later/1")


def test_probes_are_left_out_behind_a_prefix_too(app, metrics):
    app.root_path = "/m"
    with client_of(app) as client, metrics.adds({}, "http"):
        for path in ("/metrics", "/m/metrics", "/livez", "/m/livez"):
            assert client.get(path).status_code == 200


def test_a_service_mounted_in_another_counts_once(app, metrics):
    with (
        client_of(create_app()) as client,
        metrics.adds(counted(("/other/api/bookmarks", 200)), "http"),
    ):
        client.app.mount("/other", app)
        client.get("/other/api/bookmarks")


def test_a_failing_background_task_is_logged_once_and_counted_as_answered(app, metrics, caplog):
    def fail() -> None:
        raise RuntimeError("in the background")

    @app.get("/later")
    def later(tasks: BackgroundTasks) -> str:
        tasks.add_task(fail)
        return "later"

    with client_of(app) as client, metrics.adds(counted(("/later", 200)), "http"):
        assert client.get("/later").status_code == 200
    [logged] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.getMessage() == "GET /later failed"
    assert str(logged.exc_info[1]) == "in the background"


def test_a_stream_through_a_middleware_is_timed_to_its_last_byte(app, metrics):
    @app.middleware("http")
    async def passes(request: Request, call_next):
        return await call_next(request)

    @app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"a", b"b"]))

    with client_of(app) as client, metrics.adds(counted(("/stream", 200)), "http"):
        assert client.get("/stream").content == b"ab"


def test_tests_see_what_a_route_raises(app):
    """As FastAPI's documentation has it."""
    app.add_api_route("/broken", lambda: 1 / 0)
    with TestClient(app) as client, pytest.raises(ZeroDivisionError):
        client.get("/broken")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("handled", [None, Exception, 500])
def test_an_unhandled_error_is_json_unless_the_team_answers_it(before, handled, caplog):
    async def sorry(request, error):
        return PlainTextResponse("sorry", 500)

    app = FastAPI(exception_handlers={handled: sorry} if before and handled else None)
    install(app, [])
    if handled and not before:
        app.add_exception_handler(handled, sorry)
    app.add_api_route("/broken", lambda: 1 / 0)
    with client_of(app) as client:
        answer = client.get("/broken", headers={"X-Request-ID": "id-1"})
    assert answer.status_code == 500
    failed = '{"detail":"Internal Server Error","request_id":"id-1"}'
    assert answer.text == ("sorry" if handled else failed)
    assert answer.headers["x-request-id"] == "id-1"
    [logged] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.getMessage() == "GET /broken failed"


def test_an_error_whose_status_allows_no_body_has_none(app):
    @app.get("/known")
    def known():
        raise HTTPException(304, headers={"etag": '"1"'})

    with client_of(app) as client:
        answer = client.get("/known")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"1"')


def test_an_unhandled_error_is_shown_where_the_team_debugs():
    app = FastAPI(debug=True)
    install(app, [])
    app.add_api_route("/broken", lambda: 1 / 0)
    with client_of(app) as client:
        assert "ZeroDivisionError" in client.get("/broken").text


def test_websockets_pass_untouched(app, metrics):
    @app.websocket("/socket")
    async def socket(websocket: WebSocket):
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    with (
        client_of(app) as client,
        metrics.adds({}, "http"),
        client.websocket_connect("/socket") as open_socket,
    ):
        open_socket.send_text("hello")
        assert open_socket.receive_text() == "hello"


def test_two_applications_and_two_lives_share_the_metrics(app, metrics):
    with metrics.adds(counted(*[(UNMATCHED, 404)] * 4), "http"), client_of(app) as client:
        for _ in range(2):
            with client_of(served) as second:
                second.get("/nowhere")
                client.get("/nowhere")


def test_a_lifespan_and_handlers_of_the_team_s_own_stay(metrics):
    log = []

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        log.append("team")
        yield {"kept": 1}
        log.append("team stops")

    async def invalid(request, error):
        return PlainTextResponse("no", 422)

    app = FastAPI(lifespan=lifespan, exception_handlers={RequestValidationError: invalid})
    component = Component(
        name="example", start=lambda: log.append("start"), stop=lambda: log.append("stop")
    )
    install(app, [component])

    @app.get("/number/{number}")
    def number(number: int, request: Request) -> int:
        return number + request.state.kept

    with client_of(app) as client:
        assert client.get("/number/1").json() == 2
        assert client.get("/number/one").text == "no"
    assert log == ["team", "start", "stop", "team stops"]


def test_sessions_and_settings_are_dependencies_that_tests_override(app):
    class Empty:
        def get(self, model, number):
            return None

        def scalars(self, query):
            asked.append(query.compile().params)
            return self

        def all(self):
            return []

    asked = []
    app.dependency_overrides[get_session] = Empty
    app.dependency_overrides[get_settings] = lambda: BookmarksSettings(bookmarks_page_size=3)
    with client_of(app) as client:
        assert client.get("/api/bookmarks/1").status_code == 404
        assert client.get("/api/bookmarks").json() == []
    assert 3 in asked[0].values()


def test_the_title_is_the_project_s_name_for_people(app, request):
    readme = (request.config.rootpath / "README.md").read_text()
    with client_of(app) as client:
        assert f"# {client.get('/openapi.json').json()['info']['title']}\n" in readme


def test_probes_and_scrapes_do_not_wait_behind_slow_requests(client, gate):
    slow = 40  # as many as the pool of the API has threads
    with ThreadPoolExecutor(slow + 1) as pool:
        asked = [pool.submit(client.get, f"/probe/waiting/{number}") for number in range(slow)]
        try:
            for _ in range(slow):
                assert gate.entered.acquire(timeout=10)
            for path in ("/readyz", "/health", "/metrics"):
                assert pool.submit(client.get, path).result(timeout=10).status_code == 200
        finally:
            gate.opened.set()
    assert [one.result().status_code for one in asked] == [200] * slow
