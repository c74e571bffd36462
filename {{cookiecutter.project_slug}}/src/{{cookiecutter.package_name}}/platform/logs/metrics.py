"""The metrics of the log: messages by level, and errors by type."""

from ..metrics import Counter, MetricGroup, closed, getter, limited


class LogMetrics(MetricGroup, component="logs"):
    """What is logged."""

    messages = Counter(
        "log_messages_total",
        "Records that were logged, at LOG_LEVEL and above.",
        labels={"level": closed("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")},
    )
    errors = Counter(
        "application_errors_total",
        "Exceptions that were logged as errors, unhandled ones among them, by their class.",
        labels={"type": limited(50)},
    )


get_metrics = getter(LogMetrics)
