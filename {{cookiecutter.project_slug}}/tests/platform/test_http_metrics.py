"""Every request is counted once under its full route template, in every framework alike."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from {{ cookiecutter.package_name }}.platform.metrics import registry
from {{ cookiecutter.package_name }}.platform.web import measured

PROBES = ("/metrics", "/livez", "/readyz", "/health", "/api/health")
IN_PROGRESS = 'http_requests_in_progress{method="GET"}'


def counted(endpoint: str, status: int, method: str = "GET", times: int = 1) -> dict[str, float]:
    """What so many requests add."""
    labels = f'endpoint="{endpoint}",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": times,
        "http_request_duration_seconds_count{" + labels + "}": times,
    }


def test_a_path_without_a_route_is_unmatched(client, metrics):
    with metrics.adds(counted("unmatched", 404, times=3), "http_"):
        for path in ("/nowhere", "/api/bookmarks/1/2", "/metrics/deeper"):
            assert client.get(path).status_code == 404


def test_a_method_that_the_route_lacks_is_other_and_keeps_its_template(client, metrics):
    with metrics.adds(counted("/probe/waiting/{number}", 405, "_OTHER", times=3), "http_"):
        for method in ("PUT", "BREW", "GETS"):
            assert client.request(method, "/probe/waiting/1").status_code == 405


def test_an_unhandled_error_is_a_500_and_logged_once_with_its_traceback(client, metrics, caplog):
    with metrics.adds(counted("/probe/broken", 500), "http_"):
        assert client.get("/probe/broken").status_code == 500
    [logged] = [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    assert str(logged.exc_info[1]) == "broken"


def test_probes_and_scrapes_are_left_out(client, metrics):
    with metrics.adds({}, "http"):
        for path in PROBES:
            assert client.get(path).status_code == 200


def test_a_scrape_does_not_see_itself_in_progress(client):
    client.get("/nowhere")
    assert f"{IN_PROGRESS} 0.0\n" in client.get("/metrics").text


@pytest.mark.parametrize("path", PROBES)
def test_probes_answer_head_as_get_but_for_the_body(client, path):
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_the_template_is_full_through_nested_routers(client, metrics):
    """Fails too when an upgrade of the framework moves where the template is found."""
    with metrics.adds(counted("/probe/outer/inner/{one}", 200, times=2), "http_"):
        client.get("/probe/outer/inner/1")
        client.get("/probe/outer/inner/2")


def test_a_stream_is_timed_to_its_last_byte(client, metrics):
    with metrics.adds(counted("/probe/stream", 200), "http_"):
        assert client.get("/probe/stream").content == b"part" * 4
    timed = {"endpoint": "/probe/stream", "method": "GET"}
    assert metrics.histogram("http_request_duration_seconds", **timed).sum >= 0.08


def test_a_stream_that_breaks_is_a_500(client, metrics):
    with metrics.adds(counted("/probe/broken-stream", 500), "http_"):
        client.get("/probe/broken-stream")


def test_a_request_is_in_progress_until_it_is_answered(client, metrics, gate):
    with ThreadPoolExecutor(3) as pool:
        requests = [pool.submit(client.get, f"/probe/waiting/{number}") for number in range(3)]
        for _ in requests:
            assert gate.entered.acquire(timeout=10)
        assert metrics.value(IN_PROGRESS) == 3.0
        gate.opened.set()
        assert [request.result().status_code for request in requests] == [200] * 3
    assert metrics.value(IN_PROGRESS) == 0.0


def test_nothing_is_in_progress_after_an_answer(client, metrics):
    for path in ("/nowhere", "/probe/broken", "/probe/stream", "/probe/broken-stream"):
        client.get(path)
        assert metrics.value(IN_PROGRESS) == 0.0


def test_a_hundred_concurrent_requests_are_all_counted(client, metrics):
    with (
        metrics.adds(counted("/probe/outer/inner/{one}", 200, times=100), "http_"),
        ThreadPoolExecutor(20) as pool,
    ):
        list(pool.map(lambda n: client.get(f"/probe/outer/inner/{n}"), range(100)))


def test_a_broken_metric_breaks_no_request(client, metrics, monkeypatch):
    monkeypatch.setattr(registry.active, "mode", "production")  # in tests it is raised
    monkeypatch.setattr(measured, "OTHER_METHOD", "undeclared")
    assert client.request("BREW", "/nowhere").status_code == 404
    # In progress, the count and the duration.
    assert metrics.value('metrics_errors_total{component="http"}') == 3.0
