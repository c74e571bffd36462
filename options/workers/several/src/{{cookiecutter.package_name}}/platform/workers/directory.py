"""The directory that workers share their metrics in."""

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from prometheus_client import values

from ..core.config import SettingsError
from ..metrics import sharing

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share() -> None:
    """Let this process and those that it forks count in files of one directory."""
    from .exposition import Workers  # noqa: PLC0415
    from .values import FileValue  # noqa: PLC0415

    prepare()
    values.ValueClass = FileValue
    sharing.processes = Workers(Path(os.environ[VARIABLE]))


def prepare() -> None:
    """Make the directory, empty and for this user only.

    One that PROMETHEUS_MULTIPROC_DIR names is used and kept. Otherwise it is a temporary one that
    goes with the process.

    Raises:
        SettingsError: the named directory is that of another service that runs.
    """
    named = os.environ.get(VARIABLE)
    if named is None:
        folder = Path(tempfile.mkdtemp(prefix="metrics-"))
        atexit.register(_remove, folder, os.getpid())
        os.environ[VARIABLE] = str(folder)
    else:
        folder = Path(named)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Open for as long as this process and those forked from it live, and locked with it.
    claim = os.open(folder / "owner", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsError(f"{VARIABLE}: a running service uses it, give each its own") from None
    for kind in ("*.db", "*.journal"):
        for left in folder.glob(kind):
            left.unlink()


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # and not a process forked from it
        shutil.rmtree(folder, ignore_errors=True)
