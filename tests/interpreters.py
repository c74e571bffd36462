"""Finds the interpreters that a generated service promises to run on."""

import os
import shutil
import subprocess
from pathlib import Path

from bakery import ROOT, environment

VERSIONS = ("3.11", "3.12", "3.13")


def uv() -> str:
    """Return the uv that tests and benchmarks use."""
    own = ROOT / ".venv" / "bin" / "uv"
    return str(own) if own.exists() else str(shutil.which("uv"))


def interpreters() -> dict[str, str]:
    """Return the path of each version that this machine has, on the PATH or from pyenv."""
    found = {}
    for version in VERSIONS:
        asked = [uv(), "python", "find", "--no-project", "--no-python-downloads", version]
        answer = subprocess.run(asked, env=environment(), capture_output=True, text=True, check=False)
        installed = sorted(
            Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin/python")
        )
        if answer.returncode == 0:
            found[version] = answer.stdout.strip()
        elif installed:
            found[version] = str(installed[-1])
    return found
