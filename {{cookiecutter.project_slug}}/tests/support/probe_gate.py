"""What the probe routes of every framework share: a gate that holds requests, and a slow body."""

import threading
from collections.abc import Iterator

import pytest


class Gate:
    """Holds requests to `/probe/waiting/{number}` until a test opens it."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()

    def wait(self) -> None:
        """Say that somebody is here, and wait."""
        self.entered.release()
        self.opened.wait(timeout=30)


@pytest.fixture
def gate() -> Gate:
    """The gate of `/probe/waiting/{number}`."""
    return Gate()


def parts(number: int, then: Exception | None = None) -> Iterator[bytes]:
    """So many parts of a body, one every 50 ms, and an error after them."""
    for _ in range(number):
        threading.Event().wait(0.05)
        yield b"part"
    if then is not None:
        raise then
