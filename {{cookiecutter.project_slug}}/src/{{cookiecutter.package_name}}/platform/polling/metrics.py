"""The metrics of polling: how long it takes, and what failed."""

from ..metrics import Counter, Histogram, MetricGroup, bounded_by, getter

_CALLBACK = {"callback": bounded_by("the callbacks that components register")}


class PollingMetrics(MetricGroup, component="polling"):
    """What polling costs."""

    duration = Histogram(
        "metrics_poll_duration_seconds", "Time that a callback took, or took to fail.", _CALLBACK
    )
    failures = Counter("metrics_poll_failures_total", "Polls that failed.", _CALLBACK)


get_metrics = getter(PollingMetrics)
