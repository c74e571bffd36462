"""A limit on what anyone may cause at every request: log lines, and things that are kept."""

import logging
from threading import RLock
from time import monotonic


class PerMinute:
    """Lets so many pass in a minute, which begins with the first of them."""

    def __init__(self) -> None:
        self._lock = RLock()  # a finalizer may ask, at any moment
        self._minutes: dict[str, tuple[float, int, int]] = {}  # its end, who passed, who waits

    def take(self, most: int, cause: str = "") -> int:
        """How many have come since the last that passed, this one included; 0 if it may not pass.

        At most `most` pass in a minute. Each cause has its own minutes, which are kept: name few.
        """
        now = monotonic()
        with self._lock:
            ends, passed, waiting = self._minutes.get(cause, (0.0, 0, 0))
            if now >= ends:
                ends, passed = now + 60, 0
            if passed >= most:
                self._minutes[cause] = ends, passed, waiting + 1
                return 0
            self._minutes[cause] = ends, passed + 1, 0
            return waiting + 1

    def passes(self, record: logging.LogRecord) -> bool:
        """As the filter of a logger: one warning a minute of each line of code, and all else."""
        if record.levelno != logging.WARNING:
            return True
        times = self.take(1, f"{record.name}:{record.lineno}")
        if times > 1:
            record.msg, record.args = f"{record.getMessage()} ({times} times)", ()
        return times > 0
