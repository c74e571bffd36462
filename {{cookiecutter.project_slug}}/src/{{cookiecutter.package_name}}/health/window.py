"""The window of recent requests: a ring of fixed size that the health report sums up."""

from collections import deque
from time import monotonic
from typing import NamedTuple

REQUESTS_KEPT = 100
RECENT_SECONDS = 300.0


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
        self._requests: deque[tuple[float, int, float, str]] = deque(maxlen=REQUESTS_KEPT)

    def record(self, status: int, seconds: float, client: str) -> None:
        """Keep one answered request: its status, its duration in seconds, its client's address."""
        self._requests.append((monotonic(), status, seconds, client))

    def summary(self) -> Recent:
        """The window in figures."""
        requests = self._requests.copy()
        since = monotonic() - RECENT_SECONDS
        recent = [(status, client) for at, status, _, client in requests if at >= since]
        total = sum(seconds for _, _, seconds, _ in requests)
        return Recent(
            errors=sum(status >= 500 for status, _ in recent),
            average_ms=round(1000 * total / len(requests), 3) if requests else 0.0,
            users=len({client for _, client in recent}),
        )
