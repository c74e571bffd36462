"""Start and stop of the service: components come up in order and go down in reverse."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from threading import Lock, Thread
from time import monotonic
from typing import Literal

from .components import FAILURES, Component, Event, call, survivable

log = logging.getLogger(__name__)

SUBSCRIBER_SECONDS = 2.0  # how long all subscribers of an event may take, together
State = Literal["stopped", "starting", "ready", "draining", "stopping"]  # ready: for new work


class Lifecycle:
    """Starts the components in their order and stops them; may be started again after a stop."""

    def __init__(self, components: Sequence[Component]) -> None:
        self.drain_began = 0.0  # by the monotonic clock, if it has
        self._components = components
        self._stops = ExitStack()  # of what has started
        self._state: State = "stopped"
        self._ended = False
        self._preparing = Lock()

    @property
    def state(self) -> State:
        """Where the service is; it may begin to drain while it starts, or before."""
        return "draining" if self.drain_began and self._state == "ready" else self._state

    def start(self) -> None:
        """Start every component; what one raises is raised, after those before it were stopped."""
        if self._ended:  # a drain may have begun before the first start
            self.drain_began, self._ended = 0.0, False
        self._state = "starting"
        for component in self._components:
            try:
                call(component.start)
            except BaseException as error:
                log.exception("component %s failed to start", component.name)
                self._stop_components()
                # A worker that exits by itself would be replaced, again and again.
                raise survivable(error, f"component {component.name}")  # noqa: B904 - it has its cause
            self._stops.callback(_call, component, "stop", component.stop)
        self._state = "ready"
        log.info("ready with %s", ", ".join(component.name for component in self._components))
        self._publish(Event.STARTED)

    def drain(self) -> None:
        """Be ready no longer, and let components prepare for the end."""
        with self._preparing:
            if not self.drain_began:
                self.drain_began = monotonic()
                self._publish(Event.PREPARE_SHUTDOWN)

    def stop(self) -> None:
        """Stop what was started, after the last request; one that fails is logged, the others stop."""
        if self._state == "ready":
            self.drain()
            self._publish(Event.SHUTDOWN)
            self._stop_components()

    def _stop_components(self) -> None:
        self._state = "stopping"
        self._stops.close()
        self._state, self._ended = "stopped", True
        log.info("stopped")

    def _publish(self, event: Event) -> None:
        until = monotonic() + SUBSCRIBER_SECONDS
        subscribers = [one for one in self._components if event in one.events]
        threads: dict[Component, Thread] = {}
        for one in subscribers:
            threads[one] = Thread(target=_call, args=(one, event, one.events[event]), daemon=True)
            _call(one, event, threads[one].start)  # there may be no thread to be had
        for one, thread in threads.items():
            if thread.is_alive():  # else it has ended, or never began
                thread.join(max(0.0, until - monotonic()))
            if thread.is_alive():
                log.error("component %s: %s is left behind, it still runs", one.name, event)


def _call(component: Component, moment: str, function: Callable[[], object]) -> None:
    try:
        call(function)
    except FAILURES:
        log.exception("component %s: %s failed", component.name, moment)
