"""The window of recent requests, in fixed memory, which the health report sums up."""

from collections import deque
from threading import Lock
from time import perf_counter
from typing import Any, NamedTuple

REQUESTS_KEPT = 100
RECENT_SECONDS = 300

# When it began (`perf_counter`), its duration in seconds, its status, its client's address.
Request = tuple[float, float, int, str]


class Recent(NamedTuple):
    """The recent requests in three figures.

    Attributes:
        errors: all answers of 500 and above in the last five minutes, to the second.
        average_ms: mean time of the last 100 requests, in milliseconds; 0 without any.
        users: different client addresses among those of the last 100 requests that ended in the
            last five minutes.
    """

    errors: int
    average_ms: float
    users: int


class RequestWindow:
    """The last 100 requests, and how many errors each of the last 300 seconds had."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque(maxlen=REQUESTS_KEPT)
        self._errors = [(0, 0)] * RECENT_SECONDS  # second and count; a place is used again
        self._lock = Lock()
        self.in_flight: set[Any] = set()  # requests that have begun, and not ended

    def record(self, request: Request) -> None:
        """Remember a request that ended."""
        self._requests.append(request)
        began, seconds, status, _ = request
        if status >= 500:
            second = int(began + seconds)
            place = second % RECENT_SECONDS
            with self._lock:
                known, count = self._errors[place]
                self._errors[place] = (second, count + 1 if known == second else 1)

    def summary(self) -> Recent:
        """The window in figures."""
        requests = self._requests.copy()
        since = perf_counter() - RECENT_SECONDS
        with self._lock:
            errors = sum(count for second, count in self._errors if second > since)
        total = sum(seconds for _, seconds, _, _ in requests)
        return Recent(
            errors=errors,
            average_ms=round(1000 * total / len(requests), 3) if requests else 0.0,
            users=len({client for at, took, _, client in requests if at + took >= since}),
        )
