"""What a check of the monitoring files reports: findings, or that it cannot run here."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

Checks = dict[str, Callable[[], Iterable["Finding"]]]  # by a name for people; run in the root


@dataclass(frozen=True, order=True)
class Finding:
    """What is wrong in a file, and what would be right.

    Attributes:
        path: the file, relative to the project's root.
        line: where in it, from 1.
        message: what to change, in one line.
    """

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        """Show it the way that editors and terminals link to."""
        return f"{self.path}:{self.line}: {self.message}"


class NotHere(Exception):  # noqa: N818 - the name says what is wrong
    """A check cannot run on this machine; the text says what is missing and how to install it."""


def program(name: str, package: str) -> str:
    """The path of a program of the system.

    Raises:
        NotHere: it is missing; the text names the package that brings it.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotHere(f"{name} is missing: apt-get install --no-install-recommends {package}")
    return found


def line_of(path: Path, text: str, begin: int = 1) -> int:
    """The number of the first line of a file from `begin` on with this text; else `begin`."""
    lines = path.read_text(encoding="utf-8").splitlines()[begin - 1 :]
    return next((number for number, line in enumerate(lines, begin) if text in line), begin)
