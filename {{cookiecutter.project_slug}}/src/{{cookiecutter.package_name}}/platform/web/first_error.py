"""Why a worker did not start, for the server to say in the last line of the log."""

import logging
from mmap import mmap


class FirstError(logging.Handler):
    """Remembers the first error that a worker logs, which is why it did not start."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._memory = mmap(-1, 1000)
        self._text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the last line of the first message, and the exception."""
        if not self._text:
            error = record.exc_info and record.exc_info[1]
            reason = f": {type(error).__name__}: {error}" if error else ""
            self._text = record.getMessage().rstrip().rpartition("\n")[2] + reason

    def share(self) -> None:
        """Let the server know."""
        self._memory.seek(0)
        self._memory.write(self._text.encode(errors="replace")[:999] + b"\0")

    def shared(self) -> str:
        """What a worker let the server know; the last one, where there were several."""
        return self._memory[:].partition(b"\0")[0].decode(errors="replace")
