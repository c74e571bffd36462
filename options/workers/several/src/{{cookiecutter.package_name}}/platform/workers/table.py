"""The table that workers count in: a row for each number, a column for each process."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import fsum
from mmap import mmap
from operator import itemgetter
from time import monotonic
from typing import TypeAlias

from .ledger import Ledger

Column: TypeAlias = "memoryview[float]"
Cell = tuple[float, float]  # the two numbers of a row: a value and, of a gauge, when it was set

# Memory is taken page by page, when it is written to: this is 8 MiB of addresses for each column.
NUMBERS = 1 << 20

# Where the rows without a key are: what found no room, and the process's id, 0.0 before the first.
NOWHERE, PROCESS, FIRST, WIDTH = 0, 2, 4, 2

RETRY_SECONDS = 1.0

# A series for each process: nothing is kept of one that ended, else there would be ever more.
PER_PROCESS = ("all", "liveall")

_MERGES: dict[str, Callable[[list[Cell]], Cell]] = {
    "sum": lambda cells: (fsum(value for value, _ in cells), 1.0),
    "max": max,
    "min": min,
    "mostrecent": partial(max, key=itemgetter(1)),
}


def columns(number: int) -> Sequence[Column]:
    """So many columns, for this process and those that are forked from it later."""
    memory = memoryview(mmap(-1, 8 * NUMBERS * number)).cast("d")
    return [memory[NUMBERS * one : NUMBERS * (one + 1)] for one in range(number)]


def merged(mode: str, cells: Iterable[Cell]) -> Cell | None:
    """What a gauge shows for several processes; None where none of them set it, but a sum is 0."""
    was_set = [cell for cell in cells if cell[1]]
    how = mode.removeprefix("live")
    return _MERGES[how](was_set) if was_set or how == "sum" else None


class Table:
    """Memory without a name that a fork shares: it needs no storage, and nobody can remove it.

    One process at a time writes a number, and it stays where it is when that is killed: nothing is
    moved or merged, so nothing is lost or counted twice.

    Attributes:
        columns: one for each process that may count.
        failure: why a key found no room, until somebody reports it.
    """

    def __init__(self, processes: int) -> None:
        self.columns = columns(processes)
        self.failure: OSError | None = None
        self._keys = Ledger()
        self._places: dict[str, int] = {}
        self._retry_at = 0.0

    def rows(self) -> list[tuple[str, int]]:
        """Every key, with the place of its number in each column; later ones come last."""
        self._keys.catch_up()
        self._learn()
        return list(self._places.items())

    def place(self, key: str) -> int:
        """The place of that key's number; NOWHERE for as long as it finds no room."""
        if key not in self._places and monotonic() >= self._retry_at:
            try:
                self._add(key)
            except OSError as error:
                self.failure, self._retry_at = error, monotonic() + RETRY_SECONDS
        return self._places.get(key, NOWHERE)

    def end(self, column: Column, ended: Column) -> None:
        """Take the gauges of a process that ended out of its column, and keep what outlives it."""
        for key, place in self.rows():
            kind, _, mode = json.loads(key)[0].partition("_")
            if kind != "gauge":
                continue
            if not mode.startswith("live") and mode not in PER_PROCESS:
                kept = merged(mode, ((one[place], one[place + 1]) for one in (ended, column)))
                ended[place], ended[place + 1] = kept or (0.0, 0.0)
            column[place] = column[place + 1] = 0.0

    def _add(self, key: str) -> None:
        with self._keys.turn() as added:
            self._learn()
            if key not in self._places:
                if FIRST + WIDTH * (len(self._places) + 1) > NUMBERS:
                    raise OSError(f"workers share {len(self._places)} numbers at most")
                added.append(key)
        self._learn()

    def _learn(self) -> None:
        """Number the rows in the order of the lines, which is the same in all processes."""
        for number in range(len(self._places), len(self._keys.lines)):
            self._places[self._keys.lines[number]] = FIRST + WIDTH * number
