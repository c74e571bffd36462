"""The label sets that workers admitted together, so that a limit holds for all of them."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from ..metrics.sharing import LabelSets

# A worker that is stopped in the middle of an admission must not stop the others.
PATIENCE_SECONDS = 0.1


class Journal:
    """A file of one metric's label sets, one a line; half one was left by a worker that was killed.

    A worker that finds it lost or cut off admits no more: the others may have admitted anything.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = self._size = 0

    @contextmanager
    def turn(self) -> Iterator[tuple[LabelSets, LabelSets]]:
        """See `Turn` in metrics/sharing.py."""
        with self._path.open("ab+") as file:
            _lock(file.fileno())
            if file.seek(0, os.SEEK_END) < self._size:
                raise OSError("the journal is cut off: nobody knows what was admitted")
            file.seek(self._read)
            lines = [line for line in file.readlines() if line.endswith(b"\n")]
            try:
                news = [tuple(json.loads(line)) for line in lines]
            except ValueError:
                raise OSError("the journal is none") from None
            self._read += sum(map(len, lines))
            file.truncate(self._read)
            own: LabelSets = []
            yield news, own
            text = b"".join(json.dumps(texts).encode() + b"\n" for texts in own)
            file.write(text)
            self._size = self._read + len(text)


def _lock(descriptor: int) -> None:
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > until:
                raise TimeoutError("another worker is admitting a label set") from None
        sleep(0.0005)
