"""The component of health: its settings and metrics."""

from ..core.components import Component
from .checks import HealthSettings
from .metrics import ApplicationMetrics

component = Component(name="health", settings=HealthSettings, metrics=(ApplicationMetrics,))
