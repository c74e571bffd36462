"""The component of polling: its settings and metrics, and the poller's life."""

from functools import partial

from ..core.components import Component, Event
from ..db import engine
from . import turn
from .metrics import PollingMetrics
from .poller import poller
from .settings import PollingSettings

component = Component(
    name="polling",
    settings=PollingSettings,
    metrics=(PollingMetrics,),
    prepare=turn.prepare,
    start=partial(poller.start, engine.release),
    stop=poller.stop,
    events={Event.PREPARE_SHUTDOWN: poller.stop},
)
