"""What one application and the platform share: the components, their lifecycle, and their health."""

import atexit
from collections.abc import Sequence
from threading import Lock, Thread

from ..core.about import about
from ..core.components import Component, discover, settings_of
from ..core.config import ServiceSettings, load, load_all
from ..core.lifecycle import Lifecycle
from ..core.proxies import networks
from ..health.metrics import record_shutdown
from ..health.report import Health
from ..metrics.factory import bind
from .metrics import CLIENT_GONE


class Service:
    """The platform's part of one application; `install` of each framework says what makes it fail.

    Attributes:
        trusted_proxies: whose X-Forwarded-For is believed.
        started: whether the components were started, by whoever serves.
    """

    def __init__(self, components: Sequence[Component] | None = None) -> None:
        self.components = tuple(discover() if components is None else components)
        load_all([one for several in settings_of(self.components).values() for one in several])
        self.lifecycle = Lifecycle(self.components, bind)
        self.health = Health(self.lifecycle, self.components, about().version)
        self.window = self.health.window
        self.started = False
        self.trusted_proxies = networks(load(ServiceSettings).trusted_proxies)
        self._starting = Lock()

    def start(self) -> None:
        """Start the components before the first request; the end of the process stops them."""
        with self._starting:
            if self.lifecycle.state == "stopped":
                self.lifecycle.start()
                self.started = True
                atexit.register(self.stop)

    def stop(self) -> None:
        """Stop the components, after the last request; what is still under way was cut off."""
        atexit.unregister(self.stop)
        for request in list(self.window.in_flight):
            request.finish(CLIENT_GONE)
        self.lifecycle.stop()

    def drain(self) -> None:
        """Be no longer ready, though requests are still served; the end is near."""
        Thread(target=record_shutdown, args=(len(self.window.in_flight),), daemon=True).start()
        self.lifecycle.drain()
