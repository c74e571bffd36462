"""The metrics of the greeter."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..platform.metrics import Counter, MetricGroup, closed, getter


class GreeterMetrics(MetricGroup, component="greeter"):
    """Who was greeted."""

    greetings = Counter(
        "greeter_greetings_total",
        "Greetings, by kind of guest.",
        labels={"guest": closed("known", "unknown")},
    )
    rounds = Counter("greeter_rounds_total", "Rounds that the greeter made to look for guests.")


class Visitors(Collector):
    """A collector made elsewhere, as libraries bring them."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What a scrape reads."""
        yield GaugeMetricFamily("greeter_visitors", "Guests that are there.", 2)


get_metrics = getter(GreeterMetrics)
