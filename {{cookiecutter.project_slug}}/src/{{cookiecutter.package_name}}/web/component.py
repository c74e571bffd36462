"""The component of the web adapter: the HTTP metrics."""

from ..core.components import Component
from .metrics import HttpMetrics

component = Component(name="http", metrics=(HttpMetrics,))
