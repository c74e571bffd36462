"""Start and stop of the service: components come up in order and go down in reverse."""

import logging
from collections.abc import Sequence
from enum import StrEnum

from .components import Component

log = logging.getLogger(__name__)


class State(StrEnum):
    """Where the service is in its life; only `READY` takes new work."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class Lifecycle:
    """Starts and stops the components; may be started again after a stop."""

    def __init__(self, components: Sequence[Component]) -> None:
        self.state = State.STOPPED
        self._components = components
        self._started: list[Component] = []

    def start(self) -> None:
        """Start every component.

        Raises:
            Exception: what a component's start raised, after those already started were stopped.
        """
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
        """Stop what was started; a component that fails to stop is logged, the others still stop."""
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
