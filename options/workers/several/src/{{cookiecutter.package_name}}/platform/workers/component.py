"""The component of several workers: their settings."""

from ..core.components import Component
from .settings import WorkerSettings

component = Component(name="workers", settings=WorkerSettings)
