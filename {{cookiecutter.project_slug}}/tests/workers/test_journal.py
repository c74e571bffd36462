"""A limit on label sets holds for all workers together, because they admit from one journal."""

import fcntl

import pytest

from {{ cookiecutter.package_name }}.metrics import sharing
from {{ cookiecutter.package_name }}.metrics.bounds import (
    Bounds,
    bounded_by,
    limited,
)
from {{ cookiecutter.package_name }}.metrics.factory import (
    Counter,
    MetricGroup,
    bound,
)
from {{ cookiecutter.package_name }}.metrics.registry import reset_for_test
from {{ cookiecutter.package_name }}.metrics.settings import MetricsSettings
from {{ cookiecutter.package_name }}.workers import journal
from {{ cookiecutter.package_name }}.workers.collector import WorkersCollector

OVERFLOW = ("_overflow",)


class Visits(MetricGroup, component="example"):
    """A metric with a label from clients."""

    visits = Counter("visits_total", "Visits.", labels={"page": limited(1000)})


@pytest.fixture
def worker(tmp_path):
    """Make the bounds that one more worker has on the metric `visits`."""

    def start(max_series: int = 3, values: int = 1000) -> Bounds:
        turn = WorkersCollector(tmp_path).admissions("visits")
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
    monkeypatch.setattr(sharing, "processes", WorkersCollector(tmp_path))
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
        turn = WorkersCollector(tmp_path).admissions("visits")
        return Bounds(labels, 2, lambda: True, lambda: None, turn)

    first, second = start(), start()
    assert first.admit(("a b", "c")) == ("a b", "c")
    assert second.admit(("a", 'b"\n c')) == ("a", 'b"\n c')
    assert first.admit(("a", 'b"\n c')) == ("a", 'b"\n c')
    assert first.admit(("a b", "d")) == ("_overflow", "_overflow")


def test_half_a_line_of_a_killed_worker_is_passed_over(worker, tmp_path):
    first = worker()
    first.admit(("a",))
    with (tmp_path / "visits.journal").open("ab") as file:
        file.write(b'["b\n')
    second = worker()
    assert [second.admit((page,)) for page in "acd"] == [("a",), ("c",), ("d",)]
    assert second.admit(("e",)) == OVERFLOW


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
