"""The directory that workers share their metrics in; prepared before prometheus_client is imported."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from ..core.config import SettingsError

# prometheus_client reads this once, when it is imported, and then keeps values in files there.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def prepare(*, several_processes: bool) -> None:
    """Make the directory, empty and for this user only, where more than one process will count.

    One that PROMETHEUS_MULTIPROC_DIR names is used and kept. Otherwise it is a temporary one that
    goes with the process.

    Raises:
        SettingsError: the named directory is that of another service that runs.
        RuntimeError: prometheus_client has been imported, and keeps its values in memory.
    """
    named = os.environ.get(VARIABLE)
    if named is None and not several_processes:
        return
    import fcntl  # noqa: PLC0415 - one process needs none, and Windows has none

    if "prometheus_client" in sys.modules:
        raise RuntimeError("prometheus_client is imported before its directory is prepared")
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
