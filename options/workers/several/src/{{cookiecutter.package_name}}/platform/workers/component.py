"""The component of several workers: their settings, and whose turn it is to poll."""

from ..core.components import Component
from . import turn
from .settings import WorkerSettings

component = Component(name="workers", settings=WorkerSettings, prepare=turn.prepare)
