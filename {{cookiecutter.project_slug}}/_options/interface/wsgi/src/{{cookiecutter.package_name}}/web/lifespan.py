"""Start and stop of a WSGI application: the interface has no lifespan of its own."""

from collections.abc import Sequence

from ..core.components import Component
from ..core.lifecycle import Lifecycle
from ..metrics.factory import bound


class Lifespan:
    """What a server calls in each worker, and a test around its requests."""

    def __init__(self, lifecycle: Lifecycle, components: Sequence[Component]) -> None:
        self._lifecycle = lifecycle
        self._components = components

    def start(self) -> None:
        """Bind the metrics and start the components; before the worker's first request.

        Raises:
            Exception: what a component's start raised.
        """
        for component in self._components:
            for group in component.metrics:
                bound(group)
        self._lifecycle.start()

    def stop(self) -> None:
        """Stop the components; after the worker's last request."""
        self._lifecycle.stop()
