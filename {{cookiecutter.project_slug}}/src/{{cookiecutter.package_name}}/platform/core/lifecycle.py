"""Start and stop of the service: components come up in order and go down in reverse."""

import logging
from collections.abc import Callable, Sequence
from enum import StrEnum
from threading import Lock, Thread
from time import monotonic
from typing import Any

from .components import Component, Event

log = logging.getLogger(__name__)

SUBSCRIBER_SECONDS = 2.0  # how long all subscribers of an event may take, together


class State(StrEnum):
    """Where the service is in its life; only `READY` takes new work."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPING = "stopping"


class Lifecycle:
    """Starts and stops the components; may be started again after a stop.

    Args:
        components: in the order in which they start.
        bind: binds a metric group of theirs, so that it has its series before anything starts.
    """

    def __init__(self, components: Sequence[Component], bind: Callable[[Any], object]) -> None:
        self._components = components
        self._bind = bind
        self._started: list[Component] = []
        self._state = State.STOPPED
        self._draining = False
        self._preparing = Lock()

    @property
    def state(self) -> State:
        """Where the service is; it may begin to drain while it starts."""
        return State.DRAINING if self._draining and self._state is State.READY else self._state

    def start(self) -> None:
        """Bind every metric group and start every component; before the first request.

        Raises:
            Exception: what a component's start raised, after those already started were stopped.
        """
        for component in self._components:
            for group in component.metrics:
                self._bind(group)
        self._state, self._draining = State.STARTING, False
        try:
            for component in self._components:
                if component.start is not None:
                    component.start()
                self._started.append(component)
        except BaseException as error:
            log.exception("component %s failed to start", component.name)
            self._stop_components()
            if isinstance(error, Exception):
                raise
            # A worker that exits by itself would be replaced, again and again.
            raise RuntimeError(f"component {component.name} ended its start") from error
        self._state = State.READY
        log.info("ready with %s", ", ".join(component.name for component in self._components))
        self._publish(Event.STARTED)

    def drain(self) -> None:
        """Be ready no longer, and let components prepare for the end."""
        with self._preparing:
            if not self._draining:
                self._draining = True
                self._publish(Event.PREPARE_SHUTDOWN)

    def stop(self) -> None:
        """Stop what was started, after the last request; a component that fails to stop is logged, the others still stop."""
        if self._state is State.READY:
            self.drain()
            self._publish(Event.SHUTDOWN)
            self._stop_components()

    def _stop_components(self) -> None:
        self._state = State.STOPPING
        while self._started:
            component = self._started.pop()
            try:
                if component.stop is not None:
                    component.stop()
            except Exception:
                log.exception("component %s failed to stop", component.name)
        self._state = State.STOPPED
        log.info("stopped")

    def _publish(self, event: Event) -> None:
        until = monotonic() + SUBSCRIBER_SECONDS
        threads = {
            component.name: Thread(target=_call, args=(component, event), daemon=True)
            for component in self._components
            if event in component.events
        }
        for thread in threads.values():
            thread.start()
        for name, thread in threads.items():
            thread.join(max(0.0, until - monotonic()))
            if thread.is_alive():
                log.error("component %s: %s is left behind, it still runs", name, event)


def _call(component: Component, event: Event) -> None:
    try:
        component.events[event]()
    except Exception:
        log.exception("component %s: %s failed", component.name, event)
