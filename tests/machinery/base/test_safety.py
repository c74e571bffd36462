"""A failing metric never reaches the request; every other error does."""

import asyncio
import logging

import pytest

from {{ cookiecutter.package_name }}.platform.core import limits
from {{ cookiecutter.package_name }}.platform.metrics import safety
from {{ cookiecutter.package_name }}.platform.metrics.bounds import closed
from {{ cookiecutter.package_name }}.platform.metrics.factory import (
    Counter,
    Gauge,
    Histogram,
    MetricGroup,
    bound,
)
from {{ cookiecutter.package_name }}.platform.metrics.safety import safe_metrics_operation

ERRORS = 'metrics_errors_total{component="example"}'


class Paints(MetricGroup, component="example"):
    """A counter that is easy to use wrongly."""

    used = Counter("paint_total", "Paint.", labels={"colour": closed("red")})
    drying = Gauge("paint_drying", "Coats that dry.", multiprocess="livesum")
    took = Histogram("paint_seconds", "Time to paint.", buckets=(1.0,))
    spilt = Counter("paint_spilt_total", "Accidents.")


@pytest.fixture(autouse=True)
def _fresh_log_limit(monkeypatch):
    monkeypatch.setattr(safety, "_limit", limits.LogLimit(60.0))


@safe_metrics_operation("example")
def record(colour: str, amount: float = 1) -> str:
    """Record, perhaps wrongly."""
    bound(Paints).used.labels(colour).inc(amount)
    return "recorded"


def test_a_metric_that_works_is_recorded_and_the_result_returned(metrics):
    with metrics.adds({'paint_total{colour="red"}': 1}):
        assert record("red") == "recorded"


def test_a_failing_metric_is_counted_and_skipped(metrics):
    with metrics.adds({ERRORS: 2}):
        assert record("mauve") is None
        with safe_metrics_operation("example"):
            bound(Paints).used.labels("mauve").inc()


def test_an_error_inside_prometheus_client_is_a_metrics_error(metrics):
    bound(Paints).used.labels("red")
    with metrics.adds({ERRORS: 1}):
        record("red", amount=-1)


def test_a_failing_metric_in_a_coroutine_is_skipped(metrics):
    @safe_metrics_operation("example")
    async def later(colour: str) -> str:
        await asyncio.sleep(0)
        bound(Paints).used.labels(colour).inc()
        return "recorded"

    with metrics.adds({ERRORS: 1, 'paint_total{colour="red"}': 1}):
        assert asyncio.run(later("red")) == "recorded"
        assert asyncio.run(later("mauve")) is None


def test_other_errors_pass_through_untouched_and_uncounted(metrics):
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
def test_an_error_of_code_that_a_metric_wraps_passes_through(wrap, metrics):
    error = RuntimeError("the database is down")

    def work() -> None:
        raise error

    with pytest.raises(RuntimeError) as raised:
        safe_metrics_operation("example")(wrap(bound(Paints), work))()
    assert raised.value is error
    assert metrics.series("metrics_errors_total") == 0


def test_a_broken_error_count_is_logged_and_skipped_too(monkeypatch, caplog):
    def fail() -> None:
        raise RuntimeError("no registry")

    monkeypatch.setattr(safety, "bound", lambda group: fail())
    with safe_metrics_operation("example"):
        bound(Paints).used.labels("mauve").inc()
    [record] = caplog.records
    assert record.getMessage() == (
        "a metric of example failed and was skipped (1 since the last report)"
    )
    assert record.exc_info[1].__notes__ == [
        "metrics_errors_total failed too: RuntimeError('no registry')"
    ]


def test_a_system_exit_is_never_swallowed():
    with pytest.raises(SystemExit), safe_metrics_operation("example"):
        raise SystemExit(3)


def test_a_flood_of_failures_is_one_log_line_a_minute(caplog, monkeypatch):
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
