"""What one application and the platform share: the components, their lifecycle, and their health."""

from collections.abc import Sequence

from ..core.components import Component, discover, settings_of
from ..core.config import ServiceSettings, load, load_all
from ..core.lifecycle import Lifecycle
from ..core.proxies import networks
from ..health.report import Health
from ..metrics.factory import bind
from .metrics import CLIENT_GONE


class Service:
    """The platform's part of one application; `install` of each framework says what makes it fail."""

    def __init__(self, components: Sequence[Component] | None = None) -> None:
        self.components = tuple(discover() if components is None else components)
        load_all(settings_of(self.components))
        self.lifecycle = Lifecycle(self.components)
        self.health = Health(self.lifecycle, self.components)
        self.window = self.health.window
        self.trusted_proxies = networks(load(ServiceSettings).trusted_proxies)

    def start(self) -> None:
        """Make the series of every metric group and start the components, unless they run."""
        if self.lifecycle.state == "stopped":
            for component in self.components:
                for group in component.metrics:
                    bind(group)
            self.lifecycle.start()

    def stop(self) -> None:
        """Stop the components, after the last request; what is still under way was cut off."""
        for request in list(self.window.in_flight):
            request.finish(CLIENT_GONE)
        self.lifecycle.stop()
