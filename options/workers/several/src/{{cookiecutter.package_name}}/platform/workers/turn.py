"""Whose turn it is to poll: that of one process of all, and another's when it has ended."""

import fcntl

from ..polling.component import poller
from .ledger import unnamed_file


def prepare() -> None:
    """Before the fork: who holds the lock of this file polls. It goes with the process."""
    file = unnamed_file()

    def is_ours() -> bool:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    poller.is_ours = is_ours
