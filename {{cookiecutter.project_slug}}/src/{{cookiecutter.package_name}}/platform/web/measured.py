"""One request, measured: counted once, whatever becomes of it, in every framework."""

from time import perf_counter
from typing import Any

from ..health.window import RequestWindow
from ..metrics.safety import report
from .metrics import UNMATCHED, route_metrics, routes

# Asked by machines every few seconds; counting them would drown the users' requests.
UNCOUNTED = frozenset(("/metrics", "/livez", "/readyz", "/health", "/api/health"))

CLIENT_GONE = 499  # nginx's code for a client that closed the connection before the answer


class MeasuredRequest:
    """A request from its first byte to its last.

    Args:
        method: as the client sent it; one that no specification knows is counted as `_OTHER`.
        client: the client's address, for the health report only.
        window: where the request is remembered for the health report.
    """

    __slots__ = ("_client", "_method", "_route", "_start", "_window", "finished")

    def __init__(self, method: str, client: str, window: RequestWindow) -> None:
        self._start = perf_counter()
        self._method = method
        self._client = client
        self._window = window
        self._route: Any = None
        self.finished = False

    def routed(self, endpoint: str) -> None:
        """Take the template of the route that was found; the request is in progress there.

        A mount may know better what an application inside it said: the last one counts.
        """
        try:
            if self._route is not None:
                self._route.leave()
                self._route = None
            route = routes.get((self._method, endpoint))
            if route is None:
                if endpoint in UNCOUNTED:
                    self.finished = True
                    return
                route = route_metrics(self._method, endpoint)
            route.enter(1)
            self._route = route
        except Exception as error:  # noqa: BLE001 - a metric never breaks a request
            report("http", error)

    def finish(self, status: int) -> None:
        """Count the request as answered with that status; the first call counts, later ones not."""
        if self.finished:
            return
        self.finished = True
        seconds = perf_counter() - self._start
        self._window.record((self._start, seconds, status, self._client))
        try:
            route = self._route
            if route is None:
                route = route_metrics(self._method, UNMATCHED)
            else:
                route.leave()
            route.answered(status, seconds)
        except Exception as error:  # noqa: BLE001 - a metric never breaks a request
            report("http", error)
