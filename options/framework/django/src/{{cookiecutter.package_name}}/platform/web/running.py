"""The service of this process: started before its first request, stopped when the process ends."""

import atexit
from threading import Lock

from .service import Service


class Running:
    """Gives out the started service; calling it starts one where none is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._service: Service | None = None

    def __call__(self) -> Service:
        """The service; whoever asks while it starts waits for that, or gets what its start raised."""
        return self._service or self.start()

    def start(self, service: Service | None = None) -> Service:
        """Start that service, or one of all components that `discover` finds, unless one runs."""
        with self._lock:
            if self._service is None:
                service = service or Service()
                service.start()
                self._service = service
            return self._service

    def stop(self) -> None:
        """Stop the service, if one runs; the next request would start another."""
        with self._lock:
            if self._service is not None:
                self._service.stop()
                self._service = None


running = Running()
atexit.register(running.stop)
