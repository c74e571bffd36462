"""The component of polling: it calls what was registered, in one process of all that serve."""

import logging
import threading
from collections.abc import Callable
from threading import Thread

from pydantic import Field

from ..core.components import Component, Event, call
from ..core.config import Settings, load
from .metrics import PollingMetrics, get_metrics

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0  # how long a stop waits for a callback


class PollingSettings(Settings):
    """How often metrics are polled."""

    polling_interval_seconds: float = Field(30.0, ge=0.1, le=86400)
    """Time between two polls, and before the first; in seconds."""


class MetricsPoller:
    """Polls in threads of its own; the first time after one interval."""

    def __init__(self) -> None:
        self.is_ours: Callable[[], bool] = lambda: True  # whether this process polls, of several
        self._callbacks: dict[str, Callable[[], None]] = {}
        self._thread: Thread | None = None
        self._stopping = threading.Event()

    def register_for_polling(self, name: str, callback: Callable[[], None]) -> None:
        """Call this at each interval from now on, instead of what had that name, to set gauges.

        The name is a label of the poller's metrics; a callback that raises is logged and counted.
        Where several processes serve, one of them polls, and another when that has ended.
        """
        self._callbacks[name] = callback

    def start(self) -> None:
        """Poll from now on; twice is once."""
        if self._thread is None:
            self._stopping = threading.Event()
            self._thread = Thread(target=self._run, args=(self._stopping,), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Poll no more; a callback that does not return is left behind."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(STOP_SECONDS)

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.wait(interval := load(PollingSettings).polling_interval_seconds):
            for name in list(self._callbacks) if self.is_ours() else ():
                # A thread of its own, with which Django's connection to the database ends.
                poll = Thread(target=self._poll, args=(name,), daemon=True)
                try:
                    poll.start()
                except RuntimeError:  # the system has no thread to give
                    self._poll(name)
                while poll.is_alive() and not stopping.is_set():
                    poll.join(interval)
                    if poll.is_alive():
                        get_metrics().failures.labels(name).inc()
                        log.error("polling %s has not ended within an interval", name)

    def _poll(self, name: str) -> None:
        try:
            with get_metrics().duration.labels(name).time():
                call(self._callbacks[name])
        except BaseException:  # the others are still polled
            get_metrics().failures.labels(name).inc()
            log.exception("polling %s failed", name)


poller = MetricsPoller()
register_for_polling = poller.register_for_polling

component = Component(
    name="polling",
    settings=PollingSettings,
    metrics=(PollingMetrics,),
    start=poller.start,
    stop=poller.stop,
    events={Event.PREPARE_SHUTDOWN: poller.stop},
)
