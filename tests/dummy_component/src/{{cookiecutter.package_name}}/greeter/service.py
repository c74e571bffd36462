"""Greets, while it is started."""

import logging

from ..platform.core import load
from .metrics import get_metrics
from .settings import GreeterSettings

_log = logging.getLogger(__name__)
_started: list[bool] = []


def start() -> None:
    """Begin to greet."""
    _started.append(True)
    _log.warning("greeter started")


def stop() -> None:
    """Greet no longer."""
    _started.clear()
    _log.warning("greeter stopped")


def probe() -> None:
    """Check that the greeter was started.

    Raises:
        RuntimeError: it was not.
    """
    if not _started:
        raise RuntimeError("the greeter was not started")


def greet(name: str) -> str:
    """Greet a guest by name."""
    greeting = f"{load(GreeterSettings).greeter_word}, {name}"
    get_metrics().greetings.labels("known" if name == "Ada" else "unknown").inc()
    return greeting
