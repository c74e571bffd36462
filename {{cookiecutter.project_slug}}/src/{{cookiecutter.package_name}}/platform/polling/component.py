"""The component of polling: its settings and metrics, and the poller's life."""

from ..core.components import Component, Event
from .metrics import PollingMetrics
from .poller import PollingSettings, poller

component = Component(
    name="polling",
    settings=PollingSettings,
    metrics=(PollingMetrics,),
    start=poller.start,
    stop=poller.stop,
    events={Event.PREPARE_SHUTDOWN: poller.stop},
)
