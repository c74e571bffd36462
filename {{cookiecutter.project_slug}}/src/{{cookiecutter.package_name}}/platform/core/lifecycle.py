"""Start and stop of the service: components come up in order and go down in reverse."""

import logging
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from .components import Component

log = logging.getLogger(__name__)


class State(StrEnum):
    """Where the service is in its life; only `READY` takes new work."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class Lifecycle:
    """Starts and stops the components; may be started again after a stop.

    Args:
        components: in the order in which they start.
        bind: binds a metric group of theirs, so that it has its series before anything starts.
    """

    def __init__(self, components: Sequence[Component], bind: Callable[[Any], object]) -> None:
        self.state = State.STOPPED
        self._components = components
        self._bind = bind
        self._started: list[Component] = []

    def start(self) -> None:
        """Bind every metric group and start every component; before the first request.

        Raises:
            Exception: what a component's start raised, after those already started were stopped.
        """
        for component in self._components:
            for group in component.metrics:
                self._bind(group)
        self.state = State.STARTING
        try:
            for component in self._components:
                if component.start is not None:
                    component.start()
                self._started.append(component)
        except BaseException:
            log.exception("component %s failed to start", component.name)
            self.stop()
            raise
        self.state = State.READY
        log.info("ready with %s", ", ".join(component.name for component in self._components))

    def stop(self) -> None:
        """Stop what was started, after the last request; a component that fails to stop is logged, the others still stop."""
        self.state = State.STOPPING
        while self._started:
            component = self._started.pop()
            try:
                if component.stop is not None:
                    component.stop()
            except Exception:
                log.exception("component %s failed to stop", component.name)
        self.state = State.STOPPED
        log.info("stopped")
