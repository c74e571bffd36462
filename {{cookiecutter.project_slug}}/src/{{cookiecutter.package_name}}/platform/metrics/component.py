"""The component of the metrics: their settings, and what they count themselves."""

from ..core.components import Component
from .bounds import bounded_by
from .declared import Counter, MetricGroup
from .registry import MetricsSettings


class OwnMetrics(MetricGroup, component="metrics"):
    """What the metrics tell of themselves."""

    overflow = Counter(
        "metrics_overflow_total",
        "Look-ups of a label set that was past its metric's limit and went to _overflow.",
        labels={"metric": bounded_by("the declared metrics")},
    )
    errors = Counter(
        "metrics_errors_total",
        "Metric operations that failed and were skipped.",
        labels={"component": bounded_by("the components of the service")},
    )


component = Component(name="metrics", settings=MetricsSettings, metrics=(OwnMetrics,))
