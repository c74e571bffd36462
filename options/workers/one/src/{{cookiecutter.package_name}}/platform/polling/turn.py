"""Whose turn it is to poll: that of the one process that serves."""


def prepare() -> None:
    """Prepare nothing."""


def is_ours() -> bool:
    """Whether this process polls."""
    return True
