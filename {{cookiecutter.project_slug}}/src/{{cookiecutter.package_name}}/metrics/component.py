"""The component of the metrics: their settings, their command, and what they count themselves."""

from ..core.components import Component
from .factory import OverflowMetrics
from .safety import ErrorMetrics
from .settings import MetricsSettings
from .tools import commands

component = Component(
    name="metrics",
    settings=MetricsSettings,
    metrics=(OverflowMetrics, ErrorMetrics),
    commands=commands.add,
)
