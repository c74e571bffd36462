"""What the probe routes of every framework share: a gate that holds requests, and a slow body."""

import threading
from collections.abc import Iterator

import pytest


class Gate:
    """Holds requests to `/probe/waiting/{number}` until a test opens it."""

    def __init__(self) -> None:
        self.close()

    def close(self) -> None:
        """Hold from now on, and forget who was here."""
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()

    def wait(self) -> None:
        """Say that somebody is here, and wait."""
        self.entered.release()
        self.opened.wait(timeout=30)


GATE = Gate()  # one for all tests, whose applications share the probe routes


@pytest.fixture
def gate() -> Gate:
    """The gate of `/probe/waiting/{number}`, closed."""
    GATE.close()
    return GATE


def parts(number: int, then: Exception | None = None) -> Iterator[bytes]:
    """So many parts of a body, one every 20 ms, and an error after them."""
    for _ in range(number):
        threading.Event().wait(0.02)
        yield b"part"
    if then is not None:
        raise then
