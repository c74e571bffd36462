"""The component of health: its settings, and the metric that says what runs."""

from ..core.components import Component
from .metrics import ApplicationMetrics, record_build
from .settings import HealthSettings

component = Component(
    name="health", settings=HealthSettings, metrics=(ApplicationMetrics,), start=record_build
)
