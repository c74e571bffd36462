"""A limit on label sets holds for all workers together, because they admit from one journal."""

import fcntl

import pytest

from {{ cookiecutter.package_name }}.metrics.bounds import (
    Bounds,
    NewSeriesBudget,
    bounded_by,
    limited,
)
from {{ cookiecutter.package_name }}.workers.journal import Journal

OVERFLOW = ("_overflow",)


@pytest.fixture
def worker(tmp_path):
    """Make the bounds that one more worker has on the metric `visits`."""

    def start(max_series: int = 3, values: int = 1000) -> Bounds:
        journal = Journal(tmp_path / "visits.journal")
        budget = NewSeriesBudget(1000)
        return Bounds({"page": limited(values)}, max_series, budget, lambda: None, journal)

    return start


def test_what_one_worker_admits_takes_room_from_all(worker):
    first, second = worker(), worker()
    assert first.admit(("a",), 0) == ("a",)
    assert second.admit(("b",), 0) == ("b",)
    assert first.admit(("c",), 1) == ("c",)
    for bounds in (first, second):
        assert bounds.admit(("d",), 1) == OVERFLOW


def test_what_one_worker_admitted_every_other_takes(worker):
    first, second = worker(), worker()
    for page in "abc":
        first.admit((page,), 0)
    assert [second.admit((page,), 0) for page in "abcd"] == [("a",), ("b",), ("c",), OVERFLOW]


def test_a_worker_that_starts_later_finds_the_room_taken(worker):
    first = worker()
    for page in "abc":
        first.admit((page,), 0)
    later = worker()
    assert later.admit(("d",), 0) == OVERFLOW
    assert later.admit(("b",), 0) == ("b",)


def test_a_label_of_so_many_values_has_them_in_all_workers_together(worker):
    first, second = worker(values=2), worker(values=2)
    assert first.admit(("a",), 0) == ("a",)
    assert second.admit(("b",), 0) == ("b",)
    assert first.admit(("c",), 1) == OVERFLOW
    assert second.admit(("a",), 1) == ("a",)


def test_label_sets_of_several_labels_are_told_apart(tmp_path):
    def start() -> Bounds:
        labels = {"route": bounded_by("the routes"), "page": limited(9)}
        journal = Journal(tmp_path / "visits.journal")
        return Bounds(labels, 2, NewSeriesBudget(9), lambda: None, journal)

    first, second = start(), start()
    assert first.admit(("a b", "c"), 0) == ("a b", "c")
    assert second.admit(("a", 'b"\n c'), 0) == ("a", 'b"\n c')
    assert first.admit(("a", 'b"\n c'), 1) == ("a", 'b"\n c')
    assert first.admit(("a b", "d"), 2) == ("_overflow", "_overflow")


def test_half_a_line_of_a_killed_worker_is_passed_over(worker, tmp_path):
    first = worker()
    first.admit(("a",), 0)
    with (tmp_path / "visits.journal").open("ab") as journal:
        journal.write(b'["b\n')
    second = worker()
    assert [second.admit((page,), 0) for page in "acd"] == [("a",), ("c",), ("d",)]
    assert second.admit(("e",), 3) == OVERFLOW


def test_a_worker_that_stopped_in_its_turn_does_not_stop_the_others(worker, tmp_path):
    bounds = worker()
    with (tmp_path / "visits.journal").open("ab") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX)
        assert bounds.admit(("a",), 0) == OVERFLOW
    assert bounds.admit(("a",), 0) == ("a",)
