"""The files that the workers count in: read together, and merged once a worker is dead.

prometheus_client gives each process one file a type, `counter_<pid>.db`, and never removes those
of the dead. Here they become one, `counter_merged.db`, which its own readers understand as well.
"""

import fcntl
import json
import logging
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import mmap_dict

log = logging.getLogger(__name__)

# A file of (key, value, time) as prometheus_client lays it out; untyped there.
_Store: Any = mmap_dict.MmapedDict

MERGED = "merged"

Values = dict[str, tuple[float, float]]
Entries = Iterator[tuple[str, float, float, int]]


class Key(NamedTuple):
    """The key of a value in a file, taken apart; `child` are the labels without the bucket's."""

    metric: str
    sample: str
    labels: dict[str, str]
    help: str
    child: tuple[tuple[str, str], ...]
    bucket: float


@lru_cache(maxsize=100_000)
def parsed(key: str) -> Key:
    """The parts of a key.

    Raises:
        ValueError: it is none.
    """
    metric, sample, labels, text = json.loads(key)
    child = tuple(sorted((name, value) for name, value in labels.items() if name != "le"))
    return Key(metric, sample, labels, text, child, float(labels.get("le", "nan")))


class CountFile(NamedTuple):
    """One file: what `kind` of metric it holds, such as `counter` or `gauge_livesum`, and whose."""

    path: Path
    kind: str
    process: str

    @property
    def mode(self) -> str:
        """How values of several processes become one: `max`, `min`, `mostrecent`, `all` or a sum."""
        return self.kind.removeprefix("gauge_").removeprefix("live")

    @property
    def outlives_its_process(self) -> bool:
        """Whether the values still count when the process is dead."""
        return "_live" not in self.kind and self.mode != "all"

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


class CountFiles:
    """All files in one directory.

    A reader holds a shared lock while it takes the files' bytes, a merge holds it alone while it
    replaces them: a reader meets each count once, in its own file or in the merged one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> list[tuple[CountFile, Values, bool]]:
        """Every file with its values by key, and whether it was whole; it may grow meanwhile."""
        with self._locked(fcntl.LOCK_SH):
            taken = [(file, _entries(file)) for file in self._files()]
        return [(file, *_whole(entries)) for file, entries in taken]

    def merge_dead(self) -> int:
        """Merge the files of dead processes, and return how many of them were torn."""
        torn = 0
        with self._locked(fcntl.LOCK_EX):
            files = list(self._files())
            for kind in {file.kind for file in files}:
                dead = [file for file in files if file.kind == kind and file.dead]
                if dead and dead[0].outlives_its_process:
                    merged = CountFile(self._folder / f"{kind}_{MERGED}.db", kind, MERGED)
                    torn += self._merge(dead, merged)
                for file in dead:
                    file.path.unlink()
        return torn

    def _merge(self, dead: list[CountFile], merged: CountFile) -> int:
        torn = 0
        totals: Values = {}
        for file in [merged, *dead] if merged.path.exists() else dead:
            values, whole = _whole(_entries(file))
            combine(totals, values, file.mode)
            if not whole:
                torn += 1
                log.warning("%s is torn; what it held past its last whole entry is lost", file.path)
        part = merged.path.with_suffix(".part")
        part.unlink(missing_ok=True)
        writer = _Store(str(part))
        for key, (value, timestamp) in totals.items():
            writer.write_value(key, value, timestamp)
        writer.close()
        part.replace(merged.path)
        return torn

    def _files(self) -> Iterator[CountFile]:
        for path in sorted(self._folder.glob("*.db")):
            kind, _, process = path.stem.rpartition("_")
            if process.isdecimal() or process == MERGED:
                yield CountFile(path, kind, process)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, how)
            yield


def combine(totals: Values, values: Values, mode: str) -> None:
    """Take a process's values into those of all processes.

    A sum is kept as itself and what its rounding left over, in the place of the time, which only
    gauges have: summed in another order, or in two steps, it is the same to the last bit. A sum
    that fell by the last bit would be a restart to Prometheus.
    """
    if mode in ("max", "min", "mostrecent"):
        better = min if mode == "min" else max
        position = 1 if mode == "mostrecent" else 0
        for key, new in values.items():
            totals[key] = better(totals.get(key, new), new, key=lambda entry: entry[position])
    else:
        for key, (value, left) in values.items():
            known, known_left = totals.get(key, (0.0, 0.0))
            total = known + value
            part = total - known
            rounded_off = (known - (total - part)) + (value - part)  # Knuth's TwoSum
            totals[key] = (total, known_left + left + rounded_off)


def _entries(file: CountFile) -> Entries | None:
    """The entries in the bytes that are there now, or None if not even their number is."""
    try:
        entries: Entries = _Store.read_all_values_from_file(file.path)
    except struct.error:
        return None
    return entries


def _whole(entries: Entries | None) -> tuple[Values, bool]:
    """The entries up to the last whole one, and whether those are all."""
    values: Values = {}
    end = 0
    try:
        for key, value, timestamp, position in entries or ():
            if position <= end:  # a length that is none leads backwards
                return values, False
            end = position
            parsed(key)
            values[key] = (value, timestamp)
    except (struct.error, RuntimeError, ValueError):
        return values, False
    return values, entries is not None
