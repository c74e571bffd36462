"""Metrics declared as data, bound to one registry, bounded, and never in a request's way."""

from .bounds import LabelError, bounded_by, closed, limited
from .factory import (
    DURATION_BUCKETS,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    MetricGroup,
    Summary,
    bound,
)
from .registry import MetricConflict
from .safety import safe_metrics_operation

__all__ = [
    "DURATION_BUCKETS",
    "Counter",
    "Enum",
    "Gauge",
    "Histogram",
    "Info",
    "LabelError",
    "MetricConflict",
    "MetricGroup",
    "Summary",
    "bound",
    "bounded_by",
    "closed",
    "limited",
    "safe_metrics_operation",
]
