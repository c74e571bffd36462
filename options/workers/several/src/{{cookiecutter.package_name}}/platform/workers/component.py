"""The component of several workers: their settings, and what they count of themselves."""

from ..core.components import Component
from .metrics import WorkerMetrics
from .settings import WorkerSettings

component = Component(name="workers", settings=WorkerSettings, metrics=(WorkerMetrics,))
