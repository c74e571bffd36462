"""The window of recent requests: a ring of fixed size that the health report sums up."""

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

REQUESTS_KEPT = 100
RECENT_SECONDS = 300.0

# When it began (`perf_counter`), its duration in seconds, its status, its client's address.
Request = tuple[float, float, int, str]


class Recent(NamedTuple):
    """The recent requests in three figures.

    Attributes:
        errors: answers of 500 and above in the last five minutes.
        average_ms: mean time of the requests kept, in milliseconds; 0 without any.
        users: different client addresses in the last five minutes.
    """

    errors: int
    average_ms: float
    users: int


class RequestWindow:
    """The last 100 requests; what is older is forgotten."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque(maxlen=REQUESTS_KEPT)
        # The ring's own method: every request comes here.
        self.record: Callable[[Request], None] = self._requests.append

    def summary(self) -> Recent:
        """The window in figures."""
        requests = self._requests.copy()
        since = perf_counter() - RECENT_SECONDS
        recent = [(status, client) for at, took, status, client in requests if at + took >= since]
        total = sum(took for _, took, _, _ in requests)
        return Recent(
            errors=sum(status >= 500 for status, _ in recent),
            average_ms=round(1000 * total / len(requests), 3) if requests else 0.0,
            users=len({client for _, client in recent}),
        )
