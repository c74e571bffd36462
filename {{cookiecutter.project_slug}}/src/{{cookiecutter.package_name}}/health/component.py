"""The component of health: its settings."""

from ..core.components import Component
from .settings import HealthSettings

component = Component(name="health", settings=HealthSettings)
