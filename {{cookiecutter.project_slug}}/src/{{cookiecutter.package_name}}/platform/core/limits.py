"""Limits on what anyone may cause at every request: log lines, and things that are kept."""

from threading import RLock
from time import monotonic


class PerMinute:
    """Lets so many pass in a minute."""

    def __init__(self) -> None:
        self._lock = RLock()  # a finalizer may ask, at any moment
        self._minute = -1
        self._passed = 0

    def take(self, most: int) -> bool:
        """Whether one more may pass, of at most so many in this minute."""
        minute = int(monotonic() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._passed = minute, 0
            self._passed += 1
            return self._passed <= most


class LogLimit:
    """Says when to log a failure that may happen again and again.

    Args:
        seconds: the least time between two lines about one cause.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = RLock()  # as above
        self._waiting: dict[str, int] = {}
        self._logged: dict[str, float] = {}

    def due(self, cause: str) -> int:
        """How many failures to log now, this one included; 0 while the last line is recent.

        Causes are remembered forever: name few, such as the components.
        """
        now = monotonic()
        with self._lock:
            waiting = self._waiting.pop(cause, 0) + 1
            if now - self._logged.get(cause, -self._seconds) < self._seconds:
                self._waiting[cause] = waiting
                return 0
            self._logged[cause] = now
            return waiting
