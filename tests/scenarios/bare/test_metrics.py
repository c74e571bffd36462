"""Metrics whose names collide, whose labels explode, and that many threads make."""

import threading

import prometheus_client
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Info, Summary, generate_latest


def make(name: str, kind: type) -> None:
    """A metric made in a place that an error could name."""
    kind(name, "A metric.")


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


@pytest.mark.known_for(r"Actual message: .Duplicated timeseries in CollectorRegistry")
@pytest.mark.parametrize(("first", "name", "second", "other"), COLLISIONS)
def test_suffixes_collide_and_both_are_named(first, name, second, other):
    make(name, first)
    with pytest.raises(ValueError, match=r"test_metrics\.py:\d+.*test_metrics\.py:\d+"):
        make(other, second)


@pytest.mark.known_for(r"Actual message: .Duplicated timeseries in CollectorRegistry: .*'jobs'")
def test_a_conflict_half_way_hides_behind_the_first_metric_when_tried_again():
    def metrics() -> None:
        Counter("jobs", "Jobs.")
        Gauge("taken", "Another definition.")

    Counter("taken", "Taken.")
    for _ in range(2):
        with pytest.raises(ValueError, match="'taken'"):
            metrics()


@pytest.mark.known_for(r"Duplicated timeseries in CollectorRegistry: .*jobs")
def test_threads_race_for_the_first_use(switch_often):
    made = {}
    errors = []
    barrier = threading.Barrier(32, timeout=30)

    def use() -> None:
        barrier.wait()
        try:
            if "jobs" not in made:
                threading.Event().wait(0.5)  # it reads its settings
                made["jobs"] = Counter("jobs_total", "Jobs.")
            made["jobs"].inc()
        except ValueError as error:
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert REGISTRY.get_sample_value("jobs_total") == 32.0


@pytest.mark.known_for(r"DID NOT RAISE")
def test_a_closed_label_takes_another_value():
    jobs = Counter("jobs_total", "Jobs.", ["outcome"])
    with pytest.raises(ValueError, match="sucess"):
        jobs.labels("sucess").inc()


@pytest.mark.known_for(r"assert 5000 == 1001")
def test_a_label_explodes():
    jobs = Counter("jobs_total", "Jobs.", ["customer"])
    for number in range(5000):
        jobs.labels(f"customer-{number}").inc()
    values = [s.value for m in REGISTRY.collect() for s in m.samples if s.name == "jobs_total"]
    assert len(values) == 1001
    assert sum(values) == 5000.0


@pytest.mark.known_for(r"assert 3000 <= 1001")
def test_a_flood_spreads_over_many_metrics():
    counters = [Counter(f"jobs_{kind}_total", "Jobs.", ["customer"]) for kind in "abc"]
    for counter in counters:
        for number in range(1000):
            counter.labels(str(number)).inc()
    values = [s for m in REGISTRY.collect() for s in m.samples if s.name.startswith("jobs_") and "customer" in s.labels]
    assert len([s for s in values if s.name.endswith("_total")]) <= 1001


@pytest.mark.known_for(r"AttributeError: 'NoneType' object has no attribute 'inc'")
def test_metrics_are_switched_off():
    enabled = False
    jobs = Counter("jobs_total", "Jobs.") if enabled else None
    jobs.inc()
    assert REGISTRY.get_sample_value("jobs_total") is None


@pytest.mark.known_for(r"assert None == 1\.0")
def test_a_registry_that_is_empty_is_false():
    class Counted(CollectorRegistry):
        """A registry that knows how many collectors it has."""

        def __len__(self) -> int:
            return len(list(self.collect()))

    own = Counted()
    Counter("jobs_total", "Jobs.", registry=own).inc()
    assert own.get_sample_value("jobs_total") == 1.0


@pytest.mark.known_for(r"DID NOT RAISE")
def test_an_error_of_the_work_is_swallowed_with_those_of_the_metrics():
    took = Summary("took_seconds", "Time.")

    @took.time()
    def work() -> None:
        raise KeyError("the work itself failed")

    def safely() -> None:
        try:
            work()
        except Exception:  # a metric must never break the work
            pass

    with pytest.raises(KeyError):
        safely()


@pytest.mark.known_for(r"assert b'created' not in")
def test_every_counter_is_exported_twice():
    Counter("jobs_total", "Jobs.").inc()
    assert b"created" not in prometheus_client.exposition.generate_latest(REGISTRY)


@pytest.mark.known_for(r"assert b'# HELP jobs_done_total")
def test_an_import_alone_makes_series():
    before = generate_latest()
    Counter("jobs_done", "Jobs, in a module that is imported and never used.")
    assert generate_latest().replace(before, b"") == b""
