"""The component of polling: calls what was registered at each interval, in one process of all."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event as Signal
from threading import Lock, Thread

from pydantic import Field

from ..core.components import Component, Event
from ..core.config import Settings, load
from ..db.engine import release
from . import turn
from .metrics import PollingMetrics, get_metrics

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0  # how long a stop waits for a callback


class PollingSettings(Settings):
    """How often metrics are polled."""

    polling_interval_seconds: float = Field(30.0, ge=0.1, le=86400)
    """Time between two polls, and before the first; in seconds."""


class MetricsPoller:
    """Polls in a thread of its own; the first time after one interval."""

    def __init__(self) -> None:
        self._callbacks: dict[str, Callable[[], None]] = {}
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stopping = Signal()

    def register_for_polling(self, name: str, callback: Callable[[], None]) -> None:
        """Call this at each interval from now on, instead of what had that name, to set gauges.

        The name is a label of the poller's metrics; a callback that raises is logged and counted.
        Where several processes serve, one of them polls, and another when that has ended.
        """
        self._callbacks[name] = callback

    def start(self) -> None:
        """Poll from now on; to start twice is to start once."""
        with self._lock:
            if self._thread is None:
                self._stopping = Signal()
                self._thread = Thread(target=self._run, args=(self._stopping,), daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Poll no more; a callback that does not return is left behind."""
        with self._lock:
            if self._thread is not None:
                self._stopping.set()
                self._thread.join(STOP_SECONDS)
                self._thread = None

    def _run(self, stopping: Signal) -> None:
        while not stopping.wait(load(PollingSettings).polling_interval_seconds):
            if turn.is_ours():
                for name, callback in list(self._callbacks.items()):
                    _poll(name, callback)


def _poll(name: str, callback: Callable[[], None]) -> None:
    metrics = get_metrics()
    try:
        with ExitStack() as stack:
            stack.callback(release)  # of the database, whatever became of the callback
            stack.enter_context(metrics.duration.labels(name).time())
            callback()
    except Exception:
        metrics.failures.labels(name).inc()
        log.exception("polling %s failed", name)


poller = MetricsPoller()
register_for_polling = poller.register_for_polling
component = Component(
    name="polling",
    settings=PollingSettings,
    metrics=(PollingMetrics,),
    prepare=turn.prepare,
    start=poller.start,
    stop=poller.stop,
    events={Event.PREPARE_SHUTDOWN: poller.stop},
)
