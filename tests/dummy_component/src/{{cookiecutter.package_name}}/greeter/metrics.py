"""The metrics of the greeter."""

from ..platform.metrics import closed
from ..platform.metrics import Counter, MetricGroup, bound


class GreeterMetrics(MetricGroup, component="greeter"):
    """Who was greeted."""

    greetings = Counter(
        "greeter_greetings_total",
        "Greetings, by kind of guest.",
        labels={"guest": closed("known", "unknown")},
    )


def get_metrics() -> GreeterMetrics:
    """The metrics of the greeter, bound to the current registry."""
    return bound(GreeterMetrics)
