"""The component of the metrics: their settings, and what they count themselves."""

from ..core.components import Component
from .factory import OwnMetrics
from .settings import MetricsSettings

component = Component(name="metrics", settings=MetricsSettings, metrics=(OwnMetrics,))
