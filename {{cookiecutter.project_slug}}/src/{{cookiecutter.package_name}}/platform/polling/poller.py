"""Calls what was registered at each interval, in one process of all that serve."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event, Lock, Thread

from pydantic import Field

from ..core.config import Settings, load
from .metrics import get_metrics
from .turn import is_ours

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
        self._stopping = Event()

    def register_for_polling(self, name: str, callback: Callable[[], None]) -> None:
        """Call this at each interval from now on, instead of what had that name.

        Where several processes serve, one of them does, and another when that has ended.

        Args:
            name: a label of the poller's metrics, such as the component's.
            callback: sets gauges; one that raises is logged and counted.
        """
        self._callbacks[name] = callback

    def start(self, give_back: Callable[[], None] = lambda: None) -> None:
        """Poll from now on; to start twice is to start once.

        Args:
            give_back: called after each callback, whatever became of it.
        """
        with self._lock:
            if self._thread is None:
                self._stopping = Event()
                arguments = (self._stopping, give_back)
                self._thread = Thread(target=self._run, args=arguments, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Poll no more; a callback that does not return is left behind."""
        with self._lock:
            if self._thread is not None:
                self._stopping.set()
                self._thread.join(STOP_SECONDS)
                self._thread = None

    def _run(self, stopping: Event, give_back: Callable[[], None]) -> None:
        while not stopping.wait(load(PollingSettings).polling_interval_seconds):
            if is_ours():
                for name, callback in list(self._callbacks.items()):
                    _poll(name, callback, give_back)


def _poll(name: str, callback: Callable[[], None], give_back: Callable[[], None]) -> None:
    metrics = get_metrics()
    try:
        with ExitStack() as stack:
            stack.callback(give_back)
            stack.enter_context(metrics.duration.labels(name).time())
            callback()
    except Exception:
        metrics.failures.labels(name).inc()
        log.exception("polling %s failed", name)


poller = MetricsPoller()
register_for_polling = poller.register_for_polling
