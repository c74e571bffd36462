"""Metrics whose names collide, whose labels explode, and that many threads make."""

import sys
import threading

import pytest
from example_service.platform.metrics import (
    Counter,
    Gauge,
    Histogram,
    Info,
    LabelError,
    MetricConflict,
    MetricGroup,
    Summary,
    bound,
    closed,
    is_component_registered,
    limited,
    safe_metrics_operation,
)
from prometheus_client import generate_latest


def group(**declared):
    """A metric group with these declarations."""
    return type("JobMetrics", (MetricGroup,), declared, component="jobs")


def make(name: str, kind: type) -> None:
    """A metric declared in a place that an error could name."""
    options = {"multiprocess": "sum"} if kind is Gauge else {}
    bound(group(metric=kind(name, "A metric.", **options)))


COLLISIONS = [
    (Counter, "jobs", Gauge, "jobs"),
    (Counter, "jobs", Gauge, "jobs_total"),
    (Counter, "jobs_total", Histogram, "jobs"),
    (Histogram, "jobs_seconds", Gauge, "jobs_seconds_count"),
    (Histogram, "jobs_seconds", Gauge, "jobs_seconds_sum"),
    (Histogram, "jobs_seconds", Gauge, "jobs_seconds_bucket"),
    (Summary, "jobs_bytes", Gauge, "jobs_bytes_count"),
    (Summary, "jobs_bytes", Counter, "jobs_bytes_sum"),
    (Info, "jobs", Gauge, "jobs_info"),
    (Gauge, "jobs_count", Summary, "jobs"),
]


@pytest.mark.parametrize(("first", "name", "second", "other"), COLLISIONS)
def test_suffixes_collide_and_both_are_named(first, name, second, other, metrics):
    make(name, first)
    before = metrics.samples()
    with pytest.raises(MetricConflict, match=r"test_metrics\.py:\d+.*test_metrics\.py:\d+"):
        make(other, second)
    assert metrics.samples() == before


def test_a_conflict_half_way_hides_behind_the_first_metric_when_tried_again():
    bound(group(taken=Counter("taken", "Taken.")))
    two = group(jobs=Counter("jobs", "Jobs."), taken=Gauge("taken", "Another.", multiprocess="sum"))
    for _ in range(2):
        with pytest.raises(MetricConflict, match=r"both export 'taken' and differ"):
            bound(two)


def test_threads_race_for_the_first_use(switch_often, metrics):
    declared = group(jobs=Counter("jobs_total", "Jobs.", {"thread": limited(10)}))
    barrier = threading.Barrier(32, timeout=30)
    errors = []

    def use(number: int) -> None:
        barrier.wait()
        try:
            bound(declared).jobs.labels(str(number % 20)).inc()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=use, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(metrics.samples("jobs").values()) == 32.0
    assert metrics.series("jobs_total") == 11
    assert sys.getswitchinterval() < 1e-5


def test_a_closed_label_takes_another_value(metrics):
    jobs = bound(group(jobs=Counter("jobs_total", "Jobs.", {"outcome": closed("success", "error")}))).jobs
    with pytest.raises(LabelError, match="jobs_total: outcome='sucess' is not one of error, success"):
        jobs.labels("sucess").inc()
    assert metrics.samples("jobs") == {}


def test_a_label_explodes(metrics):
    jobs = bound(group(jobs=Counter("jobs_total", "Jobs.", {"customer": limited(10_000)}))).jobs
    for number in range(5000):
        jobs.labels(f"customer-{number}").inc()
    values = metrics.samples("jobs")
    assert len(values) == 1001
    assert sum(values.values()) == 5000.0
    assert values['jobs_total{customer="_overflow"}'] == 4000.0
    assert metrics.value('metrics_overflow_total{metric="jobs_total"}') == 4000.0


def test_a_flood_spreads_over_many_metrics(metrics, monkeypatch):
    monkeypatch.setattr("example_service.platform.core.limits.monotonic", lambda: 0.0)
    declared = group(**{kind: Counter(f"jobs_{kind}_total", "Jobs.", {"customer": limited(1000)}) for kind in "abc"})
    for kind in "abc":
        for number in range(1000):
            getattr(bound(declared), kind).labels(str(number)).inc()
    values = metrics.samples("jobs_")
    assert len(values) == 1002  # a thousand, and what is left of each of the two others
    assert sum(values.values()) == 3000.0
    assert metrics.samples("metrics_overflow") == {
        'metrics_overflow_total{metric="jobs_b_total"}': 1000.0,
        'metrics_overflow_total{metric="jobs_c_total"}': 1000.0,
    }


def test_metrics_are_switched_off(mock_env, metrics):
    mock_env(METRICS_ENABLED="false")
    bound(group(jobs=Counter("jobs_total", "Jobs."))).jobs.inc()
    assert metrics.samples() == {}


def test_a_registry_that_is_empty_is_false(metrics):
    assert metrics.samples() == {}
    bound(group(jobs=Counter("jobs_total", "Jobs."))).jobs.inc()
    assert metrics.samples() == {"jobs_total": 1.0}


def test_an_error_of_the_work_is_swallowed_with_those_of_the_metrics(metrics, as_in_production):
    took = bound(group(took=Summary("took_seconds", "Time."))).took
    error = KeyError("the work itself failed")

    @safe_metrics_operation("jobs")
    @took.time()
    def work() -> None:
        raise error

    with pytest.raises(KeyError) as raised:
        work()
    assert raised.value is error
    assert metrics.value("took_seconds_count") == 1.0


def test_every_counter_is_exported_twice(metrics):
    bound(group(jobs=Counter("jobs_total", "Jobs."))).jobs.inc()
    assert metrics.exposition("jobs_total").splitlines()[2:] == ["jobs_total 1.0"]


def test_an_import_alone_makes_series():
    before = generate_latest()
    group(jobs=Counter("jobs_total", "Jobs, in a module that is imported and never used."))
    assert generate_latest() == before
    assert not is_component_registered("jobs")
