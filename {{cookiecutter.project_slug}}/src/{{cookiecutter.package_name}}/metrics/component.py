"""The component of the metrics themselves: their settings, and what they say of themselves."""

from ..core.components import Component
from .factory import OverflowMetrics
from .safety import ErrorMetrics
from .settings import MetricsSettings
from .workers import WorkerMetrics

component = Component(
    name="metrics",
    settings=MetricsSettings,
    metrics=(OverflowMetrics, ErrorMetrics, WorkerMetrics),
)
