"""The label sets that workers admitted together, so that a limit holds for all of them."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

# A worker that is stopped in the middle of an admission must not stop the others.
PATIENCE_SECONDS = 0.1


class Journal:
    """A file of one metric's label sets, one a line; a worker that was killed may leave half one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    @contextmanager
    def turn(self) -> Iterator[tuple[list[tuple[str, ...]], list[tuple[str, ...]]]]:
        """Keep the other workers from admitting during the block.

        Yields:
            The label sets that are new since the last turn, and a list to put one's own into.

        Raises:
            TimeoutError: another worker kept its turn for too long.
        """
        with self._path.open("ab+") as file:
            _lock(file.fileno())
            file.seek(self._position)
            lines = file.readlines()
            self._position = file.tell()
            news: list[tuple[str, ...]] = []
            for line in lines:
                with suppress(ValueError):
                    news.append(tuple(json.loads(line)))
            own: list[tuple[str, ...]] = []
            yield news, own
            file.writelines(json.dumps(texts).encode() + b"\n" for texts in own)


def _lock(descriptor: int) -> None:
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > until:
                raise TimeoutError("another worker is admitting a label set") from None
            sleep(0.0005)
        else:
            return
