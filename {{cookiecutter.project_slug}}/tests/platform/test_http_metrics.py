"""Every request is counted once under its full route template, in every framework alike."""

from concurrent.futures import ThreadPoolExecutor

from {{ cookiecutter.package_name }}.platform.metrics import registry
from {{ cookiecutter.package_name }}.platform.web import metrics as http
from {{ cookiecutter.package_name }}.platform.web.measured import MeasuredRequest


def counted(endpoint: str, status: int, method: str = "GET", times: int = 1) -> dict[str, float]:
    """What so many requests add."""
    labels = f'endpoint="{endpoint}",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": times,
        "http_request_duration_seconds_count{" + labels + "}": times,
    }


def test_a_path_without_a_route_is_unmatched(client, metrics):
    with metrics.adds(counted("unmatched", 404, times=3)):
        for path in ("/nowhere", "/api/bookmarks/1/2", "/metrics/deeper"):
            assert client.get(path).status_code == 404


def test_a_method_that_the_route_lacks_keeps_its_template(client, metrics):
    with metrics.adds(counted("/probe/waiting/{number}", 405, "PUT")):
        assert client.put("/probe/waiting/1").status_code == 405


def test_a_method_that_nobody_defined_is_other(client, metrics):
    with metrics.adds(counted("/probe/broken", 405, "_OTHER", times=2)):
        client.request("BREW", "/probe/broken")
        client.request("GETS", "/probe/broken")


def test_an_unhandled_error_is_a_500(client, metrics):
    with metrics.adds(counted("/probe/broken", 500)):
        assert client.get("/probe/broken").status_code == 500


def test_probes_and_scrapes_are_left_out(client, metrics):
    with metrics.adds({}, "http"):
        for path in ("/metrics", "/livez", "/readyz", "/health", "/api/health"):
            assert client.get(path).status_code == 200


def test_the_template_is_full_through_nested_routers(client, metrics):
    """Fails too when an upgrade of the framework moves where the template is found."""
    with metrics.adds(counted("/probe/outer/inner/{one}", 200, times=2)):
        client.get("/probe/outer/inner/1")
        client.get("/probe/outer/inner/2")


def test_a_stream_is_timed_to_its_last_byte(client, metrics):
    with metrics.adds(counted("/probe/stream", 200)):
        assert client.get("/probe/stream").content == b"part" * 4
    timed = {"endpoint": "/probe/stream", "method": "GET"}
    assert metrics.histogram("http_request_duration_seconds", **timed).sum >= 0.08


def test_a_stream_that_breaks_is_a_500(client, metrics):
    with metrics.adds(counted("/probe/broken-stream", 500)):
        client.get("/probe/broken-stream")


def test_a_request_is_in_progress_until_it_is_answered(client, metrics, gate):
    gauge = 'http_requests_in_progress{endpoint="/probe/waiting/{number}",method="GET"}'
    with ThreadPoolExecutor(3) as pool:
        requests = [pool.submit(client.get, f"/probe/waiting/{number}") for number in range(3)]
        for _ in requests:
            assert gate.entered.acquire(timeout=10)
        assert metrics.value(gauge) == 3.0
        gate.opened.set()
        assert [request.result().status_code for request in requests] == [200] * 3
    assert metrics.value(gauge) == 0.0


def test_requests_in_progress_stay_so_when_routes_are_looked_up_anew(client, metrics, gate):
    gauge = 'http_requests_in_progress{endpoint="/probe/waiting/{number}",method="GET"}'
    with ThreadPoolExecutor(2) as pool:
        requests = []
        for number in range(2):
            requests.append(pool.submit(client.get, f"/probe/waiting/{number}"))
            assert gate.entered.acquire(timeout=10)
            registry.children_changed()
        assert metrics.value(gauge) == 2.0
        gate.opened.set()
        assert [request.result().status_code for request in requests] == [200] * 2
    assert metrics.value(gauge) == 0.0


def test_nothing_is_in_progress_after_an_answer(client, metrics):
    for path in ("/probe/broken", "/probe/stream", "/probe/broken-stream"):
        client.get(path)
        gauge = 'http_requests_in_progress{endpoint="' + path + '",method="GET"}'
        assert metrics.value(gauge) == 0.0


def test_a_hundred_concurrent_requests_are_all_counted(client, metrics):
    with (
        metrics.adds(counted("/probe/outer/inner/{one}", 200, times=100)),
        ThreadPoolExecutor(20) as pool,
    ):
        list(pool.map(lambda n: client.get(f"/probe/outer/inner/{n}"), range(100)))


def test_whoever_reads_one_metric_alone_finds_every_request(client, registry):
    labels = {"endpoint": "/probe/broken", "method": "GET"}
    for number in range(1, http.TOGETHER + 2):
        client.get("/probe/broken")
        for name, more in (
            ("http_requests_total", {"status": "500"}),
            ("http_request_duration_seconds_count", {}),
        ):
            alone = registry.restricted_registry([name])
            [value] = [
                sample.value
                for family in alone.collect()
                for sample in family.samples
                if sample.name == name and sample.labels == labels | more
            ]
            assert value == number


def test_few_requests_wait_to_be_recorded(client, metrics):
    for _ in range(http.TOGETHER + 1):
        client.get("/nowhere")
        assert len(http._waiting) < http.TOGETHER


def test_a_request_that_cannot_be_recorded_takes_no_other_along(client, metrics):
    class Broken:
        def record(self, status, seconds):
            raise RuntimeError("a metric is broken")

    with metrics.adds(counted("unmatched", 404, times=2), "http"):
        client.get("/nowhere")
        http._waiting.append((Broken(), 200, 0.1))
        client.get("/nowhere")
    assert metrics.value('metrics_errors_total{component="http"}') == 1.0


def test_a_broken_metric_breaks_no_request(client, metrics, monkeypatch):
    def broken(*labels):
        raise RuntimeError("a metric is broken")

    monkeypatch.setattr(MeasuredRequest.__module__ + ".route_metrics", broken)
    assert client.get("/probe/outer/inner/1").status_code == 200
    assert client.get("/nowhere").status_code == 404
    assert metrics.value('metrics_errors_total{component="http"}') == 3.0


def test_the_methods_are_those_of_the_specifications():
    assert len(http.METHODS) == 10
