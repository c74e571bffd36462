"""The files that the workers count in: read together, and merged once a worker is dead.

Each process has one file a type, `counter_<pid>.0.db`; what something else than the service's
metrics counts is in prometheus_client's own, `counter_<pid>.db`. Those of the dead become one,
`counter_merged.db`, which prometheus_client's readers understand as well.
"""

import fcntl
import json
import logging
import os
import struct
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import chain
from math import fsum
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .values import ValueFile

log = logging.getLogger(__name__)

_length = struct.Struct("i").unpack_from

# A value and its time, which only gauges have; a merged sum has there what rounding left over.
Entry = tuple[float, float]


class CountFile(NamedTuple):
    """One file: what `kind` of metric it holds, such as `counter` or `gauge_livesum`, and whose."""

    path: Path
    kind: str
    process: str

    @property
    def dead(self) -> bool:
        """Whether the process that wrote it is gone."""
        try:
            os.kill(int(self.process), 0)
        except ProcessLookupError:
            return True
        except (PermissionError, ValueError):  # another user's, or the merged file
            return False
        return False


class Content:
    """What a file holds, up to its last whole entry; where the keys are is remembered."""

    def __init__(self, file: CountFile) -> None:
        self.file = file
        self.keys: list[str] = []  # JSON of metric, sample, labels and help text
        self.entries: list[Entry] = []  # one for each key
        self.whole = False  # whether that is all that there should be
        self._process = file.process if file.kind in ("gauge_all", "gauge_liveall") else ""
        self._places: list[int] = []
        self._end = 8

    def update(self, data: bytes) -> None:
        """Take the file's bytes: how many are used, then the entries, all in steps of 8 bytes."""
        used = _length(data)[0] if len(data) >= 8 else 0
        data = data[: max(min(used, len(data)), 0) // 8 * 8]
        if len(data) < self._end:  # new, or cut off since
            self.keys, self._places, self._end = [], [], 8
        try:
            while self._end < used:
                self._learn(data)
        except (struct.error, TypeError, ValueError):
            pass  # what is left is no entry, or not yet
        self.whole = len(data) >= 8 and self._end == used
        doubles = array("d", data)
        self.entries = [(doubles[place], doubles[place + 1]) for place in self._places]

    def _learn(self, data: bytes) -> None:
        """Remember the next entry: the key's length, the key, 1 to 8 blanks, value and time."""
        begin = self._end + 4
        end = begin + _length(data, self._end)[0]
        place = end // 8 + 1
        if end <= begin or 8 * place + 16 > len(data):
            raise ValueError("a length that cannot be")
        self.keys.append(_key(data[begin:end], self._process))
        self._places.append(place)
        self._end = 8 * place + 16


class CountFiles:
    """All files in one directory.

    A reader holds a shared lock while it takes the bytes, a merge holds it alone while it replaces
    files: a reader meets each count once, in its own file or in the merged one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[CountFile, Content] = {}
        self._merges = 0

    def read(self) -> list[Content]:
        """What all files hold, by kind; they may grow meanwhile. For one thread at a time."""
        with self._locked(fcntl.LOCK_SH) as lock:
            merges = os.fstat(lock.fileno()).st_size
            taken = {file: file.path.read_bytes() for file in self._files()}
        # Files only grow, but after a merge one may have the name of another one before.
        known = self._known if merges == self._merges else {}
        self._known = {file: known.get(file) or Content(file) for file in taken}
        self._merges = merges
        for file, content in self._known.items():
            content.update(taken[file])
        return list(self._known.values())

    def merge_dead(self) -> int:
        """Merge the files of dead processes, and return how many of them were torn."""
        torn = 0
        with self._locked(fcntl.LOCK_EX) as lock:
            lock.write(b".")
            lock.flush()
            files = list(self._files())
            for kind in {file.kind for file in files}:
                dead = [file for file in files if file.kind == kind and file.dead]
                if dead and not kind.startswith("gauge_live") and kind != "gauge_all":
                    torn += self._merge(kind, dead)
                for file in dead:
                    file.path.unlink()
        return torn

    def _merge(self, kind: str, dead: list[CountFile]) -> int:
        merged = CountFile(self._folder / f"{kind}_merged.db", kind, "merged")
        contents = []
        for file in [merged, *dead] if merged.path.exists() else dead:
            contents.append(Content(file))
            contents[-1].update(file.path.read_bytes())
            if not contents[-1].whole:
                log.warning("%s is torn; what it held past its last whole entry is lost", file.path)
        part = merged.path.with_suffix(".part")
        part.unlink(missing_ok=True)
        values = ValueFile(part)
        for key, entry in combined(kind, contents):
            place = values.place(key)
            values.doubles[place], values.doubles[place + 1] = entry
        part.replace(merged.path)
        return sum(not content.whole for content in contents)

    def _files(self) -> Iterator[CountFile]:
        for path in sorted(self._folder.glob("*.db")):
            kind, _, process = path.name.partition(".")[0].rpartition("_")
            if process.isdecimal() or process == "merged":
                yield CountFile(path, kind, process)

    @contextmanager
    def _locked(self, how: int) -> Iterator[BinaryIO]:
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, how)
            yield lock


@lru_cache(maxsize=100_000)
def _key(text: bytes, process: str) -> str:
    """The key as it is, or for a gauge whose values stay apart with the process among its labels."""
    metric, sample, labels, about = json.loads(text)
    return json.dumps([metric, sample, labels | {"pid": process} if process else labels, about])


def combined(kind: str, contents: Iterable[Content]) -> Iterator[tuple[str, Entry]]:
    """The entries of several files of a kind by key: chosen as the gauge says, or summed."""
    found: dict[str, list[Entry]] = {}
    for content in contents:
        for key, entry in zip(content.keys, content.entries, strict=True):
            found.setdefault(key, []).append(entry)
    how = _CHOICES.get(kind.removeprefix("gauge_").removeprefix("live"), _sum)
    return ((key, how(entries)) for key, entries in found.items())


def _sum(entries: list[Entry]) -> Entry:
    """The exact sum, rounded, and the rest: the same to the last bit in any order and in steps.

    A counter that falls by the last bit would be a restart to Prometheus.
    """
    parts = list(chain.from_iterable(entries))
    try:
        total = fsum(parts)
        return total, fsum([*parts, -total])
    except (ValueError, OverflowError):  # infinite
        return sum(parts), 0.0


_CHOICES: dict[str, Callable[[list[Entry]], Entry]] = {
    "max": max,
    "min": min,
    "mostrecent": partial(max, key=itemgetter(1)),
}
