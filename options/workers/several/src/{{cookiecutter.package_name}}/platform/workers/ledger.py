"""A list of lines that several processes add to and read in the same order."""

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from time import monotonic, sleep

# A process that is stopped while it adds lines must not stop the others.
PATIENCE_SECONDS = 0.5


class Ledger:
    """An append-only list, shared by the process that makes it and those forked from it.

    The lines are in a file without a name: nobody can remove it, and it goes with the last process.
    Its lock goes with the process that holds it. Half a line was left by one that was killed.

    Attributes:
        lines: those that are known here; `catch_up` reads what others added.
    """

    def __init__(self) -> None:
        self._file = unnamed_file()
        self._known_bytes = 0
        self._lock = Lock()  # the file's is one for all threads of a process
        self.lines: list[str] = []

    def catch_up(self) -> None:
        """Read what others added; another time, where somebody keeps their turn for too long."""
        if os.fstat(self._file).st_size != self._known_bytes:
            with suppress(OSError), self.turn():
                pass

    @contextmanager
    def turn(self) -> Iterator[list[str]]:
        """Keep others from adding during a block, and add the lines that it puts into its list.

        Raises:
            TimeoutError: another thread or process keeps its turn for too long.
            OSError: there is no room for more lines.
        """
        if not self._lock.acquire(timeout=PATIENCE_SECONDS):
            raise TimeoutError("another thread adds to the ledger for too long")
        try:
            _lock(self._file)
            try:
                self._read()
                added: list[str] = []
                yield added
                self._write(added)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
        finally:
            self._lock.release()

    def _read(self) -> None:
        size = os.fstat(self._file).st_size
        data = os.pread(self._file, size - self._known_bytes, self._known_bytes)
        whole = data[: data.rfind(b"\n") + 1]
        self.lines += whole.decode().split("\n")[:-1]
        self._known_bytes += len(whole)
        if self._known_bytes < size:
            os.ftruncate(self._file, self._known_bytes)

    def _write(self, added: list[str]) -> None:
        data = "".join(f"{line}\n" for line in added).encode()
        if os.pwrite(self._file, data, self._known_bytes) < len(data):
            os.ftruncate(self._file, self._known_bytes)
            raise OSError("the ledger has no room for more lines")
        self.lines += added
        self._known_bytes += len(data)


def _lock(file: int) -> None:
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > until:
                raise TimeoutError("another process adds to the ledger for too long") from None
        else:
            return
        sleep(0.0005)


def unnamed_file() -> int:
    """The descriptor of a file without a name, for processes that are forked later."""
    if sys.platform == "linux":
        return os.memfd_create("ledger")  # in memory: no disk can be full, or closed to writing
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
