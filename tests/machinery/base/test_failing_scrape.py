"""What fails while a scrape is answered costs no more than its own samples."""

import logging
import sys
from asyncio import CancelledError
from typing import Any

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from {{ cookiecutter.package_name }}.platform.metrics import (
    Gauge,
    MetricGroup,
    bound,
    closed,
    safe_register,
)
from {{ cookiecutter.package_name }}.platform.metrics.registry import render


class Tanks(MetricGroup, component="example"):
    """Gauges that are read when they are scraped."""

    level = Gauge(
        "tank_level_ratio", "Level.", {"tank": closed("a", "b", "c")}, multiprocess="livesum"
    )
    outflow = Gauge("tank_outflow", "Outflow.", multiprocess="livesum")


class Pipe:
    """A collector that has something to say before it fails."""

    def describe(self):
        """Both families."""
        return [GaugeMetricFamily(name, "A pipe.") for name in ("pipe_flow", "pipe_pressure")]

    def collect(self):
        """The first family only."""
        yield GaugeMetricFamily("pipe_flow", "A pipe.", value=7)
        raise ConnectionError("the pipe is blocked")


class Leak:
    """A collector whose family no exposition can write."""

    def __init__(self, name: str, label: object, value: object, about: Any = "A leak.") -> None:
        self.family = GaugeMetricFamily(name, about, labels=["of"])
        self.family.add_metric([label], value)

    def describe(self):
        """Nothing, as most do."""
        return []

    def collect(self):
        """The family."""
        yield self.family


class Locked:
    """A collector that raises what is no Exception."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def describe(self):
        """Nothing."""
        return []

    def collect(self):
        """None."""
        raise self.error


def cancelled() -> float:
    """Stands for a reading by asyncio, of which a task was cancelled."""
    raise CancelledError


def fail() -> float:
    """Stands for a reading of what is gone."""
    raise ConnectionError("no tank")


def test_what_fails_in_a_scrape_is_left_out_counted_and_logged_once(client, caplog):
    tanks = bound(Tanks)
    tanks.level.labels("a").set_function(lambda: 0.5)
    tanks.level.labels("b").set_function(fail)
    tanks.level.labels("c").set(float("nan"))
    tanks.outflow.set_function(lambda: None)
    safe_register("example", Pipe())
    client.get("/nowhere")
    with caplog.at_level(logging.ERROR):
        scrapes = [client.get("/metrics") for _ in range(3)]
    assert [one.status_code for one in scrapes] == [200, 200, 200]
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(scrapes[2].text)
        for sample in family.samples
    }
    assert samples["tank_level_ratio", "a"] == 0.5
    assert ("tank_level_ratio", "b") not in samples
    assert samples["tank_level_ratio", "c"] != samples["tank_level_ratio", "c"], "NaN"
    assert ("tank_outflow",) not in samples
    assert samples["pipe_flow",] == 7.0
    assert ("pipe_pressure",) not in samples
    assert samples["http_requests_total", "unmatched", "GET", "404"] == 1.0
    # Three a scrape, and the count is collected before those of the same scrape.
    assert samples["metrics_errors_total", "example"] == 6.0
    assert [record.getMessage() for record in caplog.records] == [
        "a metric of example failed and was skipped (1 since the last report)"
    ]


def test_an_interrupt_while_a_scrape_is_made_is_no_failure_of_a_metric():
    def interrupted() -> float:
        raise KeyboardInterrupt

    bound(Tanks).level.labels("a").set_function(interrupted)
    with pytest.raises(KeyboardInterrupt):
        render(None)


@pytest.mark.parametrize(
    "collector",
    [
        Leak("leak_value", "pump", None),
        Leak("leak_text", "pump", "much"),
        Leak("leak_size", "pump", 10**400),
        Leak("leak_number", 7, 1.0),
        Leak("leak_nobody", None, 1.0),
        Leak("leak_half", "\ud800", 1.0),
        Leak("leak_help", "pump", 1.0, about=None),
        Locked(SystemExit()),
        Locked(CancelledError()),
    ],
)
def test_a_collector_costs_no_scrape_whatever_it_says(client, as_in_production, caplog, collector):
    tanks = bound(Tanks)
    tanks.level.labels("a").set_function(lambda: sys.exit(1))
    tanks.level.labels("b").set(0.5)
    tanks.level.labels("c").set_function(cancelled)
    safe_register("example", collector)
    scrape = client.get("/metrics")
    assert scrape.status_code == 200
    assert 'tank_level_ratio{tank="b"} 0.5' in scrape.text
    assert "leak" not in scrape.text
    assert "a metric of example failed and was skipped" in caplog.text
