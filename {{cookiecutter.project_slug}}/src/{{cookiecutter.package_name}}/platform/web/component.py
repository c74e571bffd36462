"""The component of the web adapter: the HTTP metrics, and `serve`: gunicorn, for any framework."""

import argparse
import gc
import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from mmap import mmap
from resource import RLIMIT_NOFILE, getrlimit
from threading import Thread, Timer
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import HaltServer

from ..core.components import Commands, Component, call, discover
from ..core.config import ServiceSettings, load
from ..core.limits import PerMinute
from ..core.logging import reason_of
from . import processes, server
from .drain import Drain
from .metrics import HttpMetrics

log = logging.getLogger(__name__)
GUNICORN_LOG = logging.getLogger("gunicorn.error")

EXIT_SECONDS = 3  # a worker that has stopped may still wait for a thread that never ends
NO_START = "the service did not start: "
FAILED_TO_START = 3  # gunicorn's exit code for it
IN_MEMORY = "/dev/shm"  # noqa: S108 - gunicorn's files there have names that nobody can guess


def serve(arguments: argparse.Namespace) -> None:
    """Listen on HOST and PORT until SIGTERM, SIGINT, or SIGHUP as a closed terminal sends it.

    The drain comes first, then requests under way are answered, then the process exits with code 0.
    A worker that dies is replaced; one that does not start stops the service with code 3, and so
    does an address that cannot be listened on. SettingsError if the processes cannot be had.
    """
    settings = load(ServiceSettings)
    options = processes.prepare()
    options["bind"] = f"fd://{_listen(settings)}"
    for one in discover():
        try:
            call(one.prepare)
        except Exception:
            log.critical("%s%s failed to prepare", NO_START, one.name, exc_info=True)
            sys.exit(FAILED_TO_START)
    _Server(settings, options).run()


def _listen(settings: ServiceSettings) -> int:
    """The descriptor of a socket on HOST and PORT: gunicorn itself tries for five seconds."""
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        log.critical("cannot listen on %s, port %d: %s", settings.host, settings.port, reason)
        sys.exit(FAILED_TO_START)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    log.info("http://%s:%d%s", host, listener.getsockname()[1], server.FIRST_PAGE)
    return listener.detach()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """Gunicorn with the service's settings; no file, variable or argument of its own."""

    def __init__(self, settings: ServiceSettings, options: dict[str, Any]) -> None:
        self._service: Any = None  # until a worker has loaded it
        self._first_error = _FirstError(logging.ERROR)
        self._reason = mmap(-1, 1000)  # why the last worker did not start, for the server
        self._drain = Drain(settings.drain_seconds)
        GUNICORN_LOG.addFilter(PerMinute().passes)  # any client can cause a warning
        descriptors, _ = getrlimit(RLIMIT_NOFILE)
        self._options = {
            "keepalive": settings.keep_alive_seconds,
            # As gunicorn has it, or as descriptors are left for: without one, its threads end.
            "worker_connections": min(1000, max(descriptors - 100, descriptors // 2)),
            "forwarded_allow_ips": settings.trusted_proxies,  # not the variable of that name
            # The server itself waits longer than its workers, which it kills at the end.
            "graceful_timeout": settings.shutdown_timeout_seconds + EXIT_SECONDS + 2,
            # The workers' signs of life: files that no full disk and no cleaner can reach.
            "worker_tmp_dir": IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None,
            # Gunicorn's log becomes part of the service's own: see core/logging.py.
            "errorlog": None,
            "on_starting": lambda server: setattr(GUNICORN_LOG, "propagate", True),
            "loglevel": settings.log_level.lower(),
            "control_socket_disable": True,
            "when_ready": self._drain.wait_for_signals,
            "pre_request": self._drain.close_connection,
            "post_worker_init": self._begin,
            "worker_exit": self._exit,
            **server.OPTIONS,
            **options,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the application; gunicorn calls this in each worker."""
        logging.getLogger().addHandler(self._first_error)
        application, self._service = server.application()
        # Beside a scrape of 10,000 samples 99 % of requests are answered within 7 ms; within 78 with
        # Python's own 0.005 seconds for a thread, within 37 if what is loaded is looked through.
        sys.setswitchinterval(0.0005)
        gc.freeze()
        return application

    def run(self) -> None:
        """Serve until the end, and say last why a worker did not start."""
        server = os.getpid()  # workers, forked within, come back here as well
        try:
            super().run()
        except (HaltServer, SystemExit) as end:  # the former where several workers failed
            code = end.exit_status if isinstance(end, HaltServer) else end.code
            if code == FAILED_TO_START and os.getpid() == server:
                reason = self._reason[:].decode(errors="replace").rstrip("\0 ")
                log.critical("%s%s", NO_START, reason)
            sys.exit(code)

    def _begin(self, worker: Any) -> None:
        """Leave signals to the server: a terminal sends them to every process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        worker.cfg.set("graceful_timeout", load(ServiceSettings).shutdown_timeout_seconds)
        Thread(target=self._drain.watch, args=(worker, self._service), daemon=True).start()

    def _exit(self, server: Any, worker: Any) -> None:
        """Stop what the worker started, and end even where one of its threads does not."""
        if worker.pid != os.getpid():  # the server, about one that had ended already
            return
        end = sys.exception()  # how gunicorn ends a worker
        code = end.code if isinstance(end, SystemExit) and isinstance(end.code, int) else 1
        if code == FAILED_TO_START:
            self._reason[:] = self._first_error.text.encode(errors="replace")[:1000].ljust(1000)
        if self._service is not None:
            self._service.stop()
        last = Timer(EXIT_SECONDS, os._exit, (code,))
        last.daemon = True
        last.start()


class _FirstError(logging.Handler):
    """Remembers the first error that a worker logs: why it does not start, if it does not."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info and record.exc_info[1]
        reason = f": {reason_of(error)}" if error else ""
        with suppress(Exception):  # a handler that writes says what is wrong with a record
            self.text = self.text or record.getMessage().rstrip().rpartition("\n")[2] + reason


def _commands(parsers: Commands) -> None:
    parsers.add_parser("serve", help="serve HTTP on HOST and PORT").set_defaults(run=serve)


component = Component(name="http", metrics=(HttpMetrics,), commands=_commands)
