"""What one test leaves behind for the next."""

import gc
import threading
import weakref
from http.client import HTTPConnection
from importlib import import_module

import prometheus_client
import pytest
from example_service.bookmarks.metrics import counted
from example_service.platform.core.config import ServiceSettings, load
from example_service.platform.metrics import Counter, Gauge, MetricGroup, bound, safe_register
from example_service.platform.metrics import registry as registry_module
from prometheus_client import CollectorRegistry, make_wsgi_app


class JobMetrics(MetricGroup, component="jobs"):
    """Metrics that are declared at import, before any test."""

    done = Counter("jobs_total", "Jobs done.")
    pool = Gauge("pool_size", "Connections.", multiprocess="sum")


COUNTED = (
    "from example_service.platform.metrics import Counter, MetricGroup, bound\n"
    'class JobMetrics(MetricGroup, component="jobs"):\n'
    '    done = Counter("jobs_total", "Jobs done.")\n'
    "def test_one(metrics):\n"
    "    bound(JobMetrics).done.inc()\n    assert metrics.samples() == {'jobs_total': 1.0}\n"
    "def test_two(metrics):\n"
    "    bound(JobMetrics).done.inc()\n    assert metrics.samples() == {'jobs_total': 1.0}\n"
)


@pytest.mark.parametrize("turn", [1, 2])
def test_a_value_leaks_into_the_next_test(turn, metrics):
    bound(JobMetrics).done.inc(turn)
    assert metrics.value("jobs_total") == turn


def test_the_order_of_tests_decides(fresh_run):
    planted = "tests/test_planted.py::"
    backwards = fresh_run(COUNTED, "-p", "no:randomly", planted + "test_two", planted + "test_one")
    assert "2 passed" in backwards.stdout, backwards.stdout


def test_workers_of_xdist_leak_between_their_tests(fresh_run):
    third = COUNTED.partition("def")[2].replace("_one", "_three").replace("_two", "_four")
    done = fresh_run(COUNTED + "def" + third, "-n2", "--dist=load", "--maxschedchunk=1")
    assert "4 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("turn", [1, 2])
def test_two_tests_make_the_same_metric(turn, metrics):
    prometheus_client.Counter("jobs_total", "Jobs.").inc(turn)
    assert metrics.samples() == {"jobs_total": turn}


def test_a_replaced_default_registry_is_not_written_to(registry):
    prometheus_client.Counter("jobs_total", "Jobs done.").inc()
    assert registry.get_sample_value("jobs_total") == 1.0


def test_a_replaced_default_registry_is_not_read():
    bound(JobMetrics).done.inc()
    body = make_wsgi_app()({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda status, headers: None)
    assert "\njobs_total 1.0\n" in b"".join(body).decode()


def test_the_metrics_server_serves_a_replaced_registry():
    bound(JobMetrics).done.inc()
    server, thread = prometheus_client.start_http_server(0, "127.0.0.1")
    connection = HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    server.shutdown()
    server.server_close()
    thread.join()
    assert "\njobs_total 1.0\n" in text


def test_a_patched_constructor_takes_a_registry_by_position(metrics):
    other = CollectorRegistry()
    prometheus_client.Counter("jobs_total", "Jobs done.", (), "", "", "", other).inc()
    assert other.get_sample_value("jobs_total") == 1.0
    assert metrics.samples() == {}


def test_the_process_collector_is_registered_again(registry):
    for _ in range(2):
        collector = prometheus_client.ProcessCollector(registry=None)
        safe_register("process", collector)
    assert registry.get_sample_value("process_start_time_seconds") > 0


def test_a_polling_thread_outlives_its_test(metrics):
    def polled() -> tuple[threading.Event, threading.Thread]:
        mine = bound(JobMetrics)  # a poller binds when it starts
        ended, tick = threading.Event(), threading.Thread(target=lambda: (ended.wait(), mine.done.inc()))
        mine.done.inc()
        tick.start()
        return ended, tick

    ended, tick = polled()
    following = registry_module.reset_for_test()  # the first test ends here, and its thread goes on
    bound(JobMetrics).done.inc()
    ended.set()
    tick.join()
    assert following.collectors.get_sample_value("jobs_total") == 1.0
    assert metrics.value("jobs_total") == 2.0


def test_a_function_of_a_gauge_keeps_an_object_alive():
    class Pool:
        size = 5

    def observed() -> weakref.ref[Pool]:
        pool = Pool()
        bound(JobMetrics).pool.set_function(lambda: pool.size)
        return weakref.ref(pool)

    first = registry_module.reset_for_test()
    pool = observed()
    assert first.collectors.get_sample_value("pool_size") == 5.0
    del first
    registry_module.reset_for_test()  # the test ends here
    gc.collect()
    assert pool() is None


@counted("get")
def decorated_at_import() -> None:
    """A function whose decorator ran before any test."""


@pytest.mark.parametrize("turn", [1, 2])
def test_a_time_decorator_is_bound_at_import(turn, metrics):
    decorated_at_import()
    assert metrics.histogram("bookmarks_operation_duration_seconds", operation="get").count == 1.0


@pytest.mark.parametrize("turn", [1, 2])
def test_settings_are_cached(turn, mock_env):
    assert load(ServiceSettings).port == 8000
    mock_env(PORT="9000")
    assert load(ServiceSettings).port == 9000


def test_a_production_database_in_the_shell_is_used(fresh_run):
    done = fresh_run(
        "import os\n"
        "from example_service.platform.db.engine import DatabaseSettings\n"
        "from example_service.platform.core.config import load\n"
        "def test_database():\n"
        "    assert os.environ['DATABASE_URL'].startswith('sqlite:')\n"
        "    assert load(DatabaseSettings).database_url.get_secret_value().startswith('sqlite:')\n",
        DATABASE_URL="postgresql://production.example/orders",
    )
    assert done.returncode == 0, done.stdout


def test_a_fresh_registry_starts_at_the_values_of_the_multiprocess_directory(fresh_run, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    done = fresh_run(COUNTED, PROMETHEUS_MULTIPROC_DIR=str(shared))
    assert "2 passed" in done.stdout, done.stdout
    assert list(shared.iterdir()) == []


def test_the_multiprocess_directory_is_set_after_the_import(monkeypatch, tmp_path, metrics):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    bound(JobMetrics).done.inc()
    text = import_module("example_service.platform.metrics.registry").render(None)[0].decode()
    assert metrics.exposition("jobs_total") in text
    assert "\njobs_total 1.0\n" in text
