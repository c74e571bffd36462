"""Serves an application of any framework: one gunicorn, configured in one place."""

import gc
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from ..core.config import ServiceSettings
from . import processes

# Requests that a WSGI worker answers at the same time; an ASGI worker needs no such limit.
WSGI_THREADS = 16

# How long a thread may hold the interpreter, in seconds. An exposition of 10,000 series is one
# long computation beside the event loop: with Python's own 0.005 the slowest requests wait ten
# times as long (docs/decisions of the template have the figures).
SWITCH_INTERVAL_SECONDS = 0.0005


def _nothing() -> None:
    """Leave it to the protocol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What one worker serves.

    Attributes:
        application: the ASGI or WSGI callable.
        start: runs in the worker before its first request. WSGI has no lifespan of its own: pass
            the lifecycle's `start`; ASGI applications leave it out.
        stop: runs in the worker after its last request; the lifecycle's `stop`.
    """

    application: Callable[..., Any]
    start: Callable[[], None] = _nothing
    stop: Callable[[], None] = _nothing


def serve(
    settings: ServiceSettings, kind: Literal["asgi", "gthread"], make: Callable[[], Served]
) -> None:
    """Listen on HOST and PORT until SIGTERM or SIGINT.

    Requests under way are answered first; then the process exits with code 0. A worker that dies
    is replaced; one that does not start stops the service with code 3.

    Args:
        settings: where to listen.
        kind: gunicorn's worker for the framework's protocol: `asgi`, or `gthread` for WSGI.
        make: called once in each worker, after the fork, so that no worker shares a connection.
    """
    _Server(settings, kind, make).run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn with the service's settings; no file, variable or argument of its own."""

    def __init__(self, settings: ServiceSettings, kind: str, make: Callable[[], Served]) -> None:
        self._settings = settings
        self._kind = kind
        self._make = make
        self._served: Served | None = None
        super().__init__()

    def load_config(self) -> None:
        """Configure gunicorn."""
        settings = self._settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        options = {
            "bind": f"{host}:{settings.port}",
            "worker_class": self._kind,
            "threads": WSGI_THREADS if self._kind == "gthread" else 1,
            "logger_class": _Logger,
            "loglevel": settings.log_level.lower(),
            "control_socket_disable": True,
            "when_ready": _stop_gracefully_on_interrupt,
            "post_worker_init": _leave_interrupts_to_the_master,
            "worker_exit": self._stop,
            **processes.options(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """Make the application; gunicorn calls this in each worker."""
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
        self._served = self._make()
        self._served.start()
        gc.freeze()  # what lives as long as the worker: no collection need go through it again
        return self._served.application

    def _stop(self, arbiter: Any, worker: Any) -> None:
        if self._served is not None:
            self._served.stop()


class _Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn's log as part of the service's own: see core/logging.py."""

    def setup(self, cfg: Any) -> None:
        """Take gunicorn's handlers away again."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.addFilter(_OnceAWorker())


class _OnceAWorker(logging.Filter):
    """An ASGI worker announces its end with each request that it answers until then: once will do."""

    def __init__(self) -> None:
        super().__init__()
        self._said_by = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record but a repeated announcement."""
        if not str(record.msg).startswith("Autorestarting"):
            return True
        repeated = self._said_by == record.process
        self._said_by = record.process or 0
        return not repeated


def _stop_gracefully_on_interrupt(arbiter: Any) -> None:
    """Make Ctrl-C in the terminal end as SIGTERM does, and a second one end at once."""

    def interrupted(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, arbiter.signal)
        arbiter.signal(signal.SIGTERM, frame)

    signal.signal(signal.SIGINT, interrupted)


def _leave_interrupts_to_the_master(worker: Any) -> None:
    """A terminal sends Ctrl-C to every process; the workers stop when the master tells them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
