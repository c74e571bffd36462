"""The window of recent requests, in fixed memory, which the health report sums up."""

from collections import Counter, deque
from threading import Lock
from time import perf_counter
from typing import Any

RECENT_SECONDS = 300
Request = tuple[float, float, int, str]  # `perf_counter` at its begin, seconds, status, client


class RequestWindow:
    """The last 100 requests, and how many errors each of the last 300 seconds had."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque(maxlen=100)
        self._errors: Counter[int] = Counter()  # by the second
        self._lock = Lock()
        self.in_flight: set[Any] = set()  # requests that have begun, and not ended

    def record(self, request: Request) -> None:
        """Remember a request that ended."""
        self._requests.append(request)
        if request[2] >= 500:
            with self._lock:
                self._errors[int(request[0] + request[1])] += 1
                if len(self._errors) > RECENT_SECONDS:
                    del self._errors[min(self._errors)]

    def summary(self) -> dict[str, float]:
        """The window in the figures of the health report.

        Every answer of 500 and above in the last five minutes, to the second; of the last 100
        requests the mean time in milliseconds, and the clients of those that ended in this time.
        """
        requests = self._requests.copy()
        since = perf_counter() - RECENT_SECONDS
        with self._lock:
            errors = sum(count for second, count in self._errors.items() if second > since)
        total = sum(seconds for _, seconds, _, _ in requests)
        return {
            "recent_errors_5min": errors,
            "avg_response_time_ms": round(1000 * total / len(requests), 3) if requests else 0.0,
            "concurrent_users": len({one for at, took, _, one in requests if at + took >= since}),
        }

    def slow(self) -> list[dict[str, Any]]:
        """The requests that have been in flight for more than 10 seconds, the 20 oldest of them."""
        now = perf_counter()
        oldest = sorted(self.in_flight.copy(), key=lambda one: one.began)[:20]
        return [
            {"method": one.method, "endpoint": one.find_endpoint(), "age_seconds": round(age, 1)}
            for one in oldest
            if (age := now - one.began) > 10
        ]
