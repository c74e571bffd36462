"""Metrics declared as data, bound to one registry, bounded, and never in a request's way."""

import logging
import os

# prometheus_client, imported below, would keep each number in a file there; nothing reads those.
for name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"):  # its older name
    if os.environ.pop(name, None):
        logging.getLogger(__name__).warning("%s is not used: unset it", name)

from .bounds import LabelError, bounded_by, closed, limited
from .declared import DURATION_BUCKETS, Counter, Enum, Gauge, Histogram, Info, MetricGroup, Summary
from .factory import bound, getter
from .registry import MetricConflict
from .safety import is_component_registered, safe_metrics_operation, safe_register, unregister

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
    "getter",
    "is_component_registered",
    "limited",
    "safe_metrics_operation",
    "safe_register",
    "unregister",
]
