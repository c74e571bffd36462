"""Whose turn it is to poll: that of one process of all, and another's when it has ended."""

import fcntl

from ..workers.ledger import unnamed_file

_shared: list[int] = []


def prepare() -> None:
    """Before the fork: who holds the lock of this file polls. It goes with the process."""
    _shared[:] = [unnamed_file()]


def is_ours() -> bool:
    """Whether this process polls, from now on."""
    try:
        for file in _shared:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
