"""Greets, while it is started, and makes rounds in the background."""

import logging
from threading import Event, Thread

from ..platform.core import load
from ..platform.metrics import safe_register
from .metrics import Visitors, get_metrics
from .settings import GreeterSettings

_log = logging.getLogger(__name__)
_ended = Event()
_rounds: list[Thread] = []


def start() -> None:
    """Begin to greet."""
    safe_register("greeter", Visitors())
    _ended.clear()
    _rounds.append(Thread(target=_make_rounds, name="greeter"))
    _rounds[-1].start()
    _log.warning("greeter started")


def stop() -> None:
    """Greet no longer."""
    _ended.set()
    while _rounds:
        _rounds.pop().join()
    _log.warning("greeter stopped")


def _make_rounds() -> None:
    while not _ended.wait(0.005):
        get_metrics().rounds.inc()


def probe() -> None:
    """Check that the greeter was started.

    Raises:
        RuntimeError: it was not.
    """
    if not _rounds:
        raise RuntimeError("the greeter was not started")


def greet(name: str) -> str:
    """Greet a guest by name."""
    greeting = f"{load(GreeterSettings).greeter_word}, {name}"
    get_metrics().greetings.labels("known" if name == "Ada" else "unknown").inc()
    return greeting
