"""What one test leaves behind for the next."""

import functools
import gc
import os
import threading
import weakref
from http.client import HTTPConnection

import prometheus_client
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Summary, make_wsgi_app

COUNTED = (
    "from prometheus_client import REGISTRY, Counter\n"
    'done = Counter("jobs_total", "Jobs done.")\n'
    "def test_one():\n    done.inc()\n    assert REGISTRY.get_sample_value('jobs_total') == 1.0\n"
    "def test_two():\n    done.inc()\n    assert REGISTRY.get_sample_value('jobs_total') == 1.0\n"
)


@pytest.mark.known_for(r"FAILED test_planted\.py::test_two - AssertionError: assert 2\.0 == 1\.0")
def test_a_value_leaks_into_the_next_test(fresh_run):
    done = fresh_run(COUNTED)
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.known_for(r"FAILED test_planted\.py::test_one - AssertionError: assert 2\.0 == 1\.0")
def test_the_order_of_tests_decides(fresh_run):
    forwards = fresh_run(COUNTED, "--deselect=test_planted.py::test_two")
    assert "1 passed" in forwards.stdout
    backwards = fresh_run(COUNTED, "test_planted.py::test_two", "test_planted.py::test_one")
    assert "2 passed" in backwards.stdout, backwards.stdout


@pytest.mark.known_for(r"2 failed, 2 passed")
def test_workers_of_xdist_leak_between_their_tests(fresh_run):
    third = COUNTED.partition("def")[2].replace("_one", "_three").replace("_two", "_four")
    done = fresh_run(COUNTED + "def" + third, "-n2", "--dist=load", "--maxschedchunk=1")
    assert "4 passed" in done.stdout, done.stdout


@pytest.mark.known_for(r"Duplicated timeseries in CollectorRegistry: .*jobs")
def test_two_tests_make_the_same_metric(fresh_run):
    done = fresh_run(
        "import prometheus_client\nimport pytest\n"
        '@pytest.mark.parametrize("turn", [1, 2])\n'
        "def test_turn(turn):\n    prometheus_client.Counter('jobs_total', 'Jobs.')\n"
    )
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.known_for(r"assert None == 1\.0")
def test_a_replaced_default_registry_is_not_written_to(monkeypatch):
    own = CollectorRegistry()
    monkeypatch.setattr(prometheus_client, "REGISTRY", own)
    monkeypatch.setattr(prometheus_client.registry, "REGISTRY", own)
    prometheus_client.Counter("jobs_total", "Jobs done.").inc()
    assert own.get_sample_value("jobs_total") == 1.0


@pytest.mark.known_for(r"assert '\\njobs_total 1\.0\\n' in")
def test_a_replaced_default_registry_is_not_read(monkeypatch):
    own = CollectorRegistry()
    monkeypatch.setattr(prometheus_client, "REGISTRY", own)
    prometheus_client.Counter("jobs_total", "Jobs done.", registry=own).inc()
    body = make_wsgi_app()({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda status, headers: None)
    assert "\njobs_total 1.0\n" in b"".join(body).decode()


@pytest.mark.known_for(r"assert '\\njobs_total 1\.0\\n' in")
def test_the_metrics_server_serves_a_replaced_registry(monkeypatch):
    own = CollectorRegistry()
    monkeypatch.setattr(prometheus_client, "REGISTRY", own)
    prometheus_client.Counter("jobs_total", "Jobs done.", registry=own).inc()
    server, thread = prometheus_client.start_http_server(0, "127.0.0.1")
    connection = HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    server.shutdown()
    server.server_close()
    thread.join()
    assert "\njobs_total 1.0\n" in text


@pytest.mark.known_for(r"TypeError: .*got multiple values for argument 'registry'")
def test_a_patched_constructor_takes_a_registry_by_position(monkeypatch):
    own = CollectorRegistry()
    original = Counter.__init__
    monkeypatch.setattr(Counter, "__init__", lambda *args, **named: original(*args, **{**named, "registry": own}))
    other = CollectorRegistry()
    Counter("jobs_total", "Jobs done.", (), "", "", "", other).inc()
    assert other.get_sample_value("jobs_total") == 1.0


@pytest.mark.known_for(r"Duplicated timeseries in CollectorRegistry: .*process_")
def test_the_process_collector_is_registered_again():
    prometheus_client.ProcessCollector()
    assert REGISTRY.get_sample_value("process_start_time_seconds") > 0


@pytest.mark.known_for(r"assert 3\.0 == 2\.0")
def test_a_polling_thread_outlives_its_test():
    def polled() -> tuple[threading.Event, threading.Thread]:
        ended, tick = threading.Event(), threading.Thread(target=lambda: (ended.wait(), done.inc()))
        done.inc()
        tick.start()
        return ended, tick

    done = Counter("polls_total", "Polls.")
    ended, tick = polled()  # the first test ends here, and its thread goes on
    done.inc()
    ended.set()
    tick.join()
    assert REGISTRY.get_sample_value("polls_total") == 2.0


@pytest.mark.known_for(r"AssertionError: the pool is still alive")
def test_a_function_of_a_gauge_keeps_an_object_alive():
    class Pool:
        size = 5

    def observed() -> weakref.ref[Pool]:
        pool = Pool()
        Gauge("pool_size", "Connections.").set_function(lambda: pool.size)
        return weakref.ref(pool)

    pool = observed()  # the test ends here
    gc.collect()
    assert pool() is None, "the pool is still alive"


@pytest.mark.known_for(r"assert None == 1\.0")
def test_a_time_decorator_is_bound_at_import(monkeypatch):
    took = Summary("took_seconds", "Time.")
    timed = took.time()(lambda: None)
    own = CollectorRegistry()  # the registry of a test that begins after the import
    monkeypatch.setattr(prometheus_client, "REGISTRY", own)
    timed()
    assert own.get_sample_value("took_seconds_count") == 1.0


@pytest.mark.known_for(r"assert '8000' == '9000'")
def test_settings_are_cached(monkeypatch):
    settings = functools.cache(lambda: os.environ.get("PORT", "8000"))
    assert settings() == "8000"  # another test, or an import
    monkeypatch.setenv("PORT", "9000")
    assert settings() == "9000"


@pytest.mark.known_for(r"AssertionError: assert 'postgresql:")
def test_a_production_database_in_the_shell_is_used(fresh_run):
    done = fresh_run(
        "import os\n"
        "def test_database():\n"
        "    os.environ.setdefault('DATABASE_URL', 'sqlite://')\n"
        "    assert os.environ['DATABASE_URL'] == 'sqlite://'\n",
        "-vv",
        DATABASE_URL="postgresql://production.example/orders",
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.known_for(r"assert 2\.0 == 1\.0")
def test_a_fresh_registry_starts_at_the_values_of_the_multiprocess_directory(fresh_run, tmp_path):
    (tmp_path / "shared").mkdir()
    done = fresh_run(
        "import pytest\nfrom prometheus_client import CollectorRegistry, Counter\n"
        "@pytest.mark.parametrize('turn', [1, 2])\n"
        "def test_count(turn):\n"
        "    own = CollectorRegistry()\n"
        "    Counter('jobs_total', 'Jobs.', registry=own).inc()\n"
        "    assert own.get_sample_value('jobs_total') == 1.0\n",
        PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "shared"),
    )
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.known_for(r"assert \[\] != \[\]")
def test_the_multiprocess_directory_is_set_after_the_import(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    Counter("jobs_total", "Jobs.").inc()
    assert list(tmp_path.glob("*.db")) != []
