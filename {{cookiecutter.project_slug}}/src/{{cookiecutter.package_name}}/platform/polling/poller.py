"""Calls what was registered at each interval, in one process of all that serve."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event, Thread

from ..core.components import call
from ..core.config import load
from .metrics import get_metrics
from .settings import PollingSettings
from .turn import is_ours

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0  # how long a stop waits for a callback


class MetricsPoller:
    """Polls in a thread of its own; the first time after one interval."""

    def __init__(self) -> None:
        self._callbacks: dict[str, Callable[[], None]] = {}
        self._thread: Thread | None = None
        self._stopping = Event()

    def register_for_polling(self, name: str, callback: Callable[[], None]) -> None:
        """Call this at each interval from now on, instead of what had that name, to set gauges.

        The name is a label of the poller's metrics; a callback that raises is logged and counted.
        Where several processes serve, one of them polls, and another when that has ended.
        """
        self._callbacks[name] = callback

    def start(self, give_back: Callable[[], None] = lambda: None) -> None:
        """Poll from now on, and call `give_back` after each callback; twice is once."""
        if self._thread is None:
            self._stopping = Event()
            arguments = (self._stopping, give_back)
            self._thread = Thread(target=self._run, args=arguments, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Poll no more; a callback that does not return is left behind."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(STOP_SECONDS)

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
            call(callback)
    except (Exception, SystemExit):
        metrics.failures.labels(name).inc()
        log.exception("polling %s failed", name)


poller = MetricsPoller()
register_for_polling = poller.register_for_polling
