"""The component of the metrics: their settings, their command, and what they count themselves."""

from ..core.components import Component
from .factory import OwnMetrics
from .settings import MetricsSettings
from .tools import commands

component = Component(
    name="metrics", settings=MetricsSettings, metrics=(OwnMetrics,), commands=commands.add
)
