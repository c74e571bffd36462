"""A limit on label sets holds for all workers together, because they admit from one journal."""

import fcntl
import multiprocessing
import sys
from importlib import import_module

import pytest

from {{ cookiecutter.package_name }}.platform.metrics import sharing
from {{ cookiecutter.package_name }}.platform.metrics.bounds import (
    Bounds,
    bounded_by,
    limited,
)
from {{ cookiecutter.package_name }}.platform.metrics.factory import (
    Counter,
    MetricGroup,
    bound,
)
from {{ cookiecutter.package_name }}.platform.metrics.registry import reset_for_test
from {{ cookiecutter.package_name }}.platform.metrics.settings import MetricsSettings
from {{ cookiecutter.package_name }}.platform.workers import journal
from {{ cookiecutter.package_name }}.platform.workers.exposition import Workers

OVERFLOW = ("_overflow",)


class Visits(MetricGroup, component="example"):
    """A metric with a label from clients."""

    visits = Counter("visits_total", "Visits.", labels={"page": limited(1000)})


@pytest.fixture
def worker(tmp_path):
    """Make the bounds that one more worker has on the metric `visits`."""

    def start(max_series: int = 3, values: int = 1000) -> Bounds:
        turn = Workers(tmp_path).admissions("visits")
        return Bounds({"page": limited(values)}, max_series, lambda: True, lambda: None, turn)

    return start


def test_what_one_worker_admits_takes_room_from_all(worker):
    first, second = worker(), worker()
    assert first.admit(("a",)) == ("a",)
    assert second.admit(("b",)) == ("b",)
    assert first.admit(("c",)) == ("c",)
    for bounds in (first, second):
        assert bounds.admit(("d",)) == OVERFLOW


def test_what_one_worker_admitted_every_other_takes(worker):
    first, second = worker(), worker()
    for page in "abc":
        first.admit((page,))
    assert [second.admit((page,)) for page in "abcd"] == [("a",), ("b",), ("c",), OVERFLOW]


def test_a_worker_that_starts_later_finds_the_room_taken(worker):
    first = worker()
    for page in "abc":
        first.admit((page,))
    later = worker()
    assert later.admit(("d",)) == OVERFLOW
    assert later.admit(("b",)) == ("b",)


def test_a_label_of_so_many_values_has_them_in_all_workers_together(worker):
    first, second = worker(values=2), worker(values=2)
    assert first.admit(("a",)) == ("a",)
    assert second.admit(("b",)) == ("b",)
    assert first.admit(("c",)) == OVERFLOW
    assert second.admit(("a",)) == ("a",)


def test_a_declared_metric_keeps_to_the_limit_with_all_workers(
    tmp_path, monkeypatch, patch_settings, registry
):
    monkeypatch.setattr(sharing, "processes", Workers(tmp_path))
    patch_settings(MetricsSettings, metrics_max_series=2)
    bound(Visits).visits.labels("/a").inc()
    another = reset_for_test().collectors
    for page in "/b", "/c":
        bound(Visits).visits.labels(page).inc()
    assert registry.get_sample_value("visits_total", {"page": "/a"}) == 1.0
    assert another.get_sample_value("visits_total", {"page": "/b"}) == 1.0
    assert another.get_sample_value("visits_total", {"page": "_overflow"}) == 1.0


def test_label_sets_of_several_labels_are_told_apart(tmp_path):
    def start() -> Bounds:
        labels = {"route": bounded_by("the routes"), "page": limited(9)}
        turn = Workers(tmp_path).admissions("visits")
        return Bounds(labels, 2, lambda: True, lambda: None, turn)

    first, second = start(), start()
    assert first.admit(("a b", "c")) == ("a b", "c")
    assert second.admit(("a", 'b"\n c')) == ("a", 'b"\n c')
    assert first.admit(("a", 'b"\n c')) == ("a", 'b"\n c')
    assert first.admit(("a b", "d")) == ("_overflow", "_overflow")


def test_half_a_line_of_a_killed_worker_takes_no_room_and_spoils_no_other(worker, tmp_path):
    first = worker()
    first.admit(("a",))
    with (tmp_path / "visits.journal").open("ab") as file:
        file.write(b'["b')
    second = worker()
    assert [second.admit((page,)) for page in "acd"] == [("a",), ("c",), ("d",)]
    assert second.admit(("e",)) == OVERFLOW


@pytest.mark.parametrize("left", [None, b"", b'["a"]', b"no\njournal\nat\nall\n"])
def test_a_journal_that_is_lost_lets_nobody_admit_more(worker, tmp_path, left):
    file = tmp_path / "visits.journal"
    workers = [worker(), worker()]
    for bounds, page in zip(workers, "ab", strict=True):
        assert bounds.admit((page,)) == (page,)
    file.unlink() if left is None else file.write_bytes(left)
    for page in "cdef":
        for bounds in workers:
            assert bounds.admit((page,)) == OVERFLOW


@pytest.mark.forked
def test_a_flood_in_four_processes_adds_up_and_keeps_to_one_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setenv("METRICS_MAX_SERIES", "10")
    service = "{{ cookiecutter.package_name }}"
    for name in [name for name in sys.modules if name.startswith(("prometheus_client", service))]:
        del sys.modules[name]
    import_module(f"{service}.platform.workers.directory").share()
    factory = import_module(f"{service}.platform.metrics.factory")
    pages = import_module(f"{service}.platform.metrics.bounds").limited(1000)

    class Visits(factory.MetricGroup, component="visits"):
        visits = factory.Counter("visits_total", "Visits.", labels={"page": pages})
        stays = factory.Histogram("stays_seconds", "Stays.", labels={"page": pages})

    def flood(process: int) -> None:
        bound = factory.bound(Visits)
        for number in range(40):
            for page in (f"of {process}, {number}", f"of all, {number}"):
                bound.visits.labels(page).inc(0.5)
                bound.stays.labels(page).observe(number)

    def shown() -> dict[str, float]:
        body = import_module(f"{service}.platform.metrics.exposition").render(None)[0].decode()
        lines = [line for line in body.splitlines() if line.startswith(("visits", "stays"))]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    started = [multiprocessing.get_context("fork").Process(target=flood, args=(n,)) for n in "abcd"]
    for process in started:
        process.start()
    for process in started:
        process.join()
        assert process.exitcode == 0
    for _ in range(2):
        for name, total in (("visits_total", 160), ("stays_seconds_count", 320)):
            series = {key: value for key, value in shown().items() if key.startswith(name)}
            assert sum(series.values()) == total
            assert len([key for key in series if "_overflow" not in key]) == 10
            assert len(series) == 11
        import_module(f"{service}.platform.metrics.sharing").processes.merge_dead()


def test_a_worker_waits_for_the_turn_of_another(worker, tmp_path, monkeypatch):
    with (tmp_path / "visits.journal").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        monkeypatch.setattr(journal, "sleep", lambda seconds: fcntl.flock(other, fcntl.LOCK_UN))
        assert worker().admit(("a",)) == ("a",)


def test_a_worker_that_stopped_in_its_turn_does_not_stop_the_others(worker, tmp_path):
    bounds = worker()
    with (tmp_path / "visits.journal").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert bounds.admit(("a",)) == OVERFLOW
    assert bounds.admit(("a",)) == ("a",)


def test_a_forgotten_label_set_keeps_its_room_because_the_files_keep_it(worker):
    bounds = worker()
    for page in "abc":
        bounds.admit((page,))
    bounds.forget({})
    assert [bounds.admit((page,)) for page in "ad"] == [("a",), OVERFLOW]


def test_a_journal_that_cannot_be_written_leaves_no_room_and_raises_nothing(tmp_path):
    turn = Workers(tmp_path / "missing").admissions("visits")
    bounds = Bounds({"page": limited(9)}, 9, lambda: True, lambda: None, turn)
    assert bounds.admit(("a",)) == OVERFLOW
    (tmp_path / "missing").mkdir()
    assert bounds.admit(("a",)) == ("a",)
