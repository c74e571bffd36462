"""The numbers that a worker counts with, in files that the others read, in place of prometheus_client's.

Those look up their place, ask for the process id and pack bytes at every write, which takes twice
as long: here a number knows its place, and a fork says by itself that the process is another one.
"""

import os
import struct
from itertools import count
from mmap import mmap
from pathlib import Path
from threading import RLock
from typing import Any

from prometheus_client import mmap_dict

from .directory import VARIABLE

FIRST_SIZE = 1 << 16  # bytes, as in prometheus_client
_NOWHERE: "memoryview[float]" = memoryview(b"").cast("d")


class ValueFile:
    """A new file in the layout that prometheus_client reads; `Content` in files.py tells it.

    Attributes:
        doubles: the file as numbers of 8 bytes; none in a process that was forked since.
    """

    def __init__(self, path: Path) -> None:
        path.touch(exist_ok=False)
        self._path = path
        self._places: dict[str, int] = {}
        self._used = 8
        self._map(FIRST_SIZE)

    def place(self, key: str) -> int:
        """Where the number of that key is among the doubles; its time is the next of them."""
        if key not in self._places:
            entry = struct.pack("i", len(key.encode())) + key.encode()
            entry += b" " * (8 - len(entry) % 8) + bytes(16)
            end = self._used + len(entry)
            if end > self._size:
                self._map(2 * end)
            self._bytes[self._used : end] = entry
            self._bytes[:4] = struct.pack("i", end)  # from now on readers see it
            self._used = end
            self._places[key] = end // 8 - 2
        return self._places[key]

    def _map(self, size: int) -> None:
        with self._path.open("r+b") as file:
            file.truncate(size)
            self._bytes = memoryview(mmap(file.fileno(), size))
        self.doubles = self._bytes.cast("d")
        self._size = size


class FileValue:
    """A number of a metric, as `prometheus_client.values.ValueClass` makes them."""

    def __init__(self, kind: str, *key: Any, multiprocess_mode: str = "", **options: Any) -> None:
        self._kind = f"{kind}_{multiprocess_mode}" if multiprocess_mode else kind
        self._key = mmap_dict.mmap_key(*key)
        with _lock:
            self._found()

    def inc(self, amount: float) -> None:
        """Add to it."""
        with _lock:
            (self._file.doubles or self._found())[self._place] += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace it; the time tells which one is the most recent."""
        with _lock:
            (self._file.doubles or self._found())[self._place] = value
            self._file.doubles[self._place + 1] = timestamp or 0.0

    def get(self) -> float:
        """What it is in this process."""
        with _lock:
            return (self._file.doubles or self._found())[self._place]

    def set_exemplar(self, exemplar: object) -> None:
        """There is no room for exemplars in the files."""

    def get_exemplar(self) -> None:
        """As above."""

    def _found(self) -> "memoryview[float]":
        self._file = _files.get(self._kind) or _new_file(self._kind)
        self._place = self._file.place(self._key)
        return self._file.doubles


_lock = RLock()  # the garbage collector may end a request that counts while another one does
_files: dict[str, ValueFile] = {}


def _new_file(kind: str) -> ValueFile:
    # A process that had the same id may have left some.
    names = (f"{kind}_{os.getpid()}.{number}.db" for number in count())
    paths = (Path(os.environ[VARIABLE], name) for name in names)
    return _files.setdefault(kind, ValueFile(next(path for path in paths if not path.exists())))


def _forked() -> None:
    global _lock  # noqa: PLW0603 - a thread of the parent may hold it, and is not here to let go
    _lock = RLock()
    for file in _files.values():
        file.doubles = _NOWHERE
    _files.clear()


os.register_at_fork(after_in_child=_forked)
