"""A failing metric never reaches the request, and always the test; every other error does."""

import asyncio
import logging
from contextlib import nullcontext

import prometheus_client
import pytest
from prometheus_client import values

from {{ cookiecutter.package_name }}.platform.core import limits
from {{ cookiecutter.package_name }}.platform.metrics import (
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    LabelError,
    MetricConflict,
    MetricGroup,
    bound,
    closed,
    safe_metrics_operation,
)
from {{ cookiecutter.package_name }}.platform.metrics import registry as registry_module
from {{ cookiecutter.package_name }}.platform.metrics.component import OwnMetrics
from {{ cookiecutter.package_name }}.platform.metrics.factory import bind
from {{ cookiecutter.package_name }}.platform.metrics.registry import render
from {{ cookiecutter.package_name }}.platform.web.measured import MeasuredRequest
from {{ cookiecutter.package_name }}.platform.web.service import Service

ERRORS = 'metrics_errors_total{component="example"}'


class Paints(MetricGroup, component="example"):
    """A counter that is easy to use wrongly."""

    used = Counter("paint_total", "Paint.", labels={"colour": closed("red")})
    drying = Gauge("paint_drying", "Coats that dry.", multiprocess="livesum")
    took = Histogram("paint_seconds", "Time to paint.", buckets=(1.0,))
    spilt = Counter("paint_spilt_total", "Accidents.")
    can = Info("paint_can", "The can.", labels={"colour": closed("red")})
    mood = Enum("paint_mood", "Of a painter.", {"hand": closed("left")}, states=("calm", "busy"))


@safe_metrics_operation("example")
def record(colour: str, amount: float = 1) -> None:
    """Record, perhaps wrongly."""
    bound(Paints).used.labels(colour).inc(amount)


def use_wrongly(paints: Paints) -> None:
    """Do everything wrong that can be done wrong: 23 operations."""
    paints.used.labels("mauve").inc()
    paints.used.labels().inc()
    paints.used.labels("red", "blue").inc()
    paints.used.labels(color="red").inc()
    paints.used.inc()
    paints.used.labels("red").inc(-1)
    paints.used.labels("red").labels("red").inc()
    paints.drying.set("many")
    paints.drying.inc("one")
    paints.took.observe(None)
    paints.can.labels("red").info({"of": None})
    paints.mood.labels("left").state("bored")
    paints.used.remove("mauve")
    for amount in (float("nan"), float("inf"), 1j):
        paints.spilt.inc(amount)  # a sum would never be a number again
        paints.took.observe(amount=amount)
    paints.took.observe(1, {"of": "\ud800"})
    for fact in (7, b"red", "\ud800"):
        paints.can.labels("red").info({"of": fact})  # no scrape could be written


def test_a_metric_that_works_is_recorded(metrics):
    with metrics.adds({'paint_total{colour="red"}': 1}):
        record("red")


def test_in_production_no_wrong_use_of_a_metric_is_in_the_way(metrics, as_in_production, caplog):
    with metrics.adds({ERRORS: 23}, "metrics_errors"):
        use_wrongly(bound(Paints))
    added = {"paint_spilt_total": 1, "paint_seconds_count": 1, "paint_seconds_sum": 0.5}
    with metrics.adds(added, "paint_s"):
        bound(Paints).spilt.inc()
        bound(Paints).took.observe(0.5)
    openmetrics = render("application/openmetrics-text; version=1.0.0")[0].decode()
    assert "\npaint_spilt_total 1.0\n" in openmetrics
    [record] = caplog.records
    assert record.message == "a metric of example failed and was skipped (1 since the last report)"


def test_in_production_what_comes_after_a_wrong_label_is_done(metrics, as_in_production):
    @safe_metrics_operation("example")
    def work():
        bound(Paints).used.labels("mauve").inc()
        bound(Paints).spilt.inc()
        return "a result"

    @safe_metrics_operation("example")
    async def later():
        await asyncio.sleep(0)
        return work()

    with metrics.adds({ERRORS: 2, "paint_spilt_total": 2}):
        assert work() == "a result"
        assert asyncio.run(later()) == "a result"


@pytest.mark.parametrize("guard", [safe_metrics_operation("example"), nullcontext()])
def test_in_a_test_a_wrong_label_is_raised_with_the_metrics_name(guard, metrics):
    with pytest.raises(LabelError, match=r"^paint_total: colour='mauve' is not one of red"), guard:
        bound(Paints).used.labels("mauve").inc()
    with pytest.raises(ValueError, match="non-negative") as refused, guard:
        bound(Paints).used.labels("red").inc(-1)
    assert refused.value.__notes__ == ["in counter:paint"]
    assert metrics.series("metrics_errors_total") == 0


def test_in_production_the_class_in_place_of_the_bound_group_is_skipped(metrics, as_in_production):
    with metrics.adds({ERRORS: 1}), safe_metrics_operation("example"):
        Paints.used.labels("red")


def test_in_production_the_class_in_a_coroutine_is_skipped_too(metrics, as_in_production):
    @safe_metrics_operation("example")
    async def later():
        await asyncio.sleep(0)
        Paints.used.labels("red")

    with metrics.adds({ERRORS: 1}):
        asyncio.run(later())


@pytest.mark.parametrize("in_production", [True, False])
def test_a_conflict_stops_a_start_and_no_request(in_production, metrics, request):
    prometheus_client.Counter("paint_spilt_total", "Another one of this name.")
    if in_production:
        request.getfixturevalue("as_in_production")
    with pytest.raises(MetricConflict, match="paint_spilt_total"):
        bind(Paints)
    if in_production:
        with metrics.adds({ERRORS: 1, 'paint_total{colour="red"}': 1}):
            bound(Paints).spilt.inc()
            bound(Paints).used.labels("red").inc()


def full_disk(*arguments, **options):
    """Stands for a value that finds no room in its file."""
    raise OSError(28, "No space left on device")


def test_storage_that_fails_stops_no_start_and_no_request(metrics, as_in_production, monkeypatch):
    bound(OwnMetrics).errors.labels("example").inc()  # there is room for it
    monkeypatch.setattr(values, "ValueClass", full_disk)
    paints = bind(Paints)
    paints.drying.inc()
    paints.used.labels("red").inc()
    # The three that have no labels, where they are made, and the label set.
    assert metrics.samples() == {ERRORS: 5.0}


def test_not_even_the_count_of_failures_is_in_the_way(as_in_production, monkeypatch, caplog):
    monkeypatch.setattr(values, "ValueClass", full_disk)
    bound(Paints).used.labels("red").inc()
    assert [record.message.split()[3] for record in caplog.records] == ["metrics", "example"]


def test_with_several_workers_a_callback_that_none_but_one_would_see_is_refused(monkeypatch):
    monkeypatch.setattr(registry_module.active, "several", True)
    with pytest.raises(NotImplementedError, match="set_function works in one process only: with"):
        bound(Paints).drying.set_function(lambda: 1.0)


def test_other_errors_pass_through_untouched_and_uncounted(metrics, as_in_production):
    error = RuntimeError("the database is down")

    @safe_metrics_operation("example")
    def work() -> None:
        bound(Paints).used.labels("red").inc()
        raise error

    with (
        metrics.adds({'paint_total{colour="red"}': 1}),
        pytest.raises(RuntimeError) as raised,
    ):
        work()
    assert raised.value is error


def wrap_in_time(paints: Paints, work):
    """Time the work."""
    return paints.took.time()(work)


def wrap_in_progress(paints: Paints, work):
    """Count the work that is under way."""
    return paints.drying.track_inprogress()(work)


def wrap_in_exceptions(paints: Paints, work):
    """Count the work that fails."""
    return paints.spilt.count_exceptions()(work)


@pytest.mark.parametrize("wrap", [wrap_in_time, wrap_in_progress, wrap_in_exceptions])
def test_an_error_of_code_that_a_metric_wraps_passes_through(wrap, metrics, as_in_production):
    error = RuntimeError("the database is down")

    def work() -> None:
        raise error

    with pytest.raises(RuntimeError) as raised:
        safe_metrics_operation("example")(wrap(bound(Paints), work))()
    assert raised.value is error
    assert metrics.series("metrics_errors_total") == 0


def test_a_system_exit_is_never_swallowed(as_in_production):
    with pytest.raises(SystemExit), safe_metrics_operation("example"):
        raise SystemExit(3)


def test_a_flood_of_failures_is_one_log_line_a_minute(caplog, monkeypatch, as_in_production):
    now = 100.0
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    with caplog.at_level(logging.ERROR):
        for _ in range(50):
            record("mauve")
        assert len(caplog.records) == 1
        now = 160.0
        record("mauve")
    assert [r.getMessage() for r in caplog.records] == [
        "a metric of example failed and was skipped (1 since the last report)",
        "a metric of example failed and was skipped (50 since the last report)",
    ]


def test_an_answer_with_a_status_that_is_none_is_reported_each_time(metrics, as_in_production):
    labels = 'endpoint="unmatched",method="GET"'
    expected = {
        'metrics_errors_total{component="http"}': 2,
        "http_request_duration_seconds_count{" + labels + "}": 3,
        "http_requests_total{" + labels + ',status="200"}': 1,
    }
    with metrics.adds(expected):
        for status in (1000, 200, 1000):
            MeasuredRequest(Service([]), "GET", "192.0.2.1", None, None).finish(status)
    assert metrics.value('http_requests_in_progress{method="GET"}') == 0.0


def test_a_recorded_value_may_be_named_and_have_an_exemplar(metrics):
    with metrics.adds({"paint_spilt_total": 5, "paint_seconds_count": 2, "paint_drying": 3}):
        bound(Paints).spilt.inc(amount=2)
        bound(Paints).spilt.inc(3, {"of": "blue"})
        bound(Paints).took.observe(0.5, exemplar={"of": "blue"})
        bound(Paints).took.observe(amount=0.5)
        bound(Paints).drying.inc(amount=3)
