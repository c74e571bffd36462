"""The drain: what is asked late is still answered, while readiness sends new requests elsewhere."""

import signal
import sys
from socket import socketpair
from time import sleep
from typing import Any

from .service import Service

POLL_SECONDS = 0.05
LINGER_SECONDS = 2.0  # as long as gunicorn's threads wait for a request on an open connection


class Drain:
    """Between the signal to stop and the stop itself; every worker learns of it at once.

    The server makes it before it forks, and holds one end of a connection, which is closed when the
    drain begins, and also when the server itself is killed. A worker waits at the other end.
    """

    def __init__(self, seconds: float) -> None:
        self.began = False
        self._seconds = seconds
        self._hangup = signal.getsignal(signal.SIGHUP)
        self._waiting, self._holding = socketpair()

    def watch(self, worker: Any, service: Service) -> None:
        """Let the service know when the drain begins; in a thread of each worker."""
        self._holding.close()
        self._waiting.recv(1)
        self.began = True
        service.health.drain()
        while worker.alive:
            sleep(POLL_SECONDS)
        sleep(LINGER_SECONDS)  # what is on its way still comes
        while service.window.in_flight:
            sleep(POLL_SECONDS)
        worker.nr_conns = 0  # connections without a request are not waited for

    def close_connection(self, worker: Any, request: Any) -> None:
        """Tell the client to come back on another connection; gunicorn asks before each request."""
        if self.began:
            request.must_close = True
            worker.max_requests = sys.maxsize  # nobody would take its place for long

    def wait_for_signals(self, server: Any) -> None:
        """Begin at SIGTERM or Ctrl-C, or when the terminal is closed; in the server.

        The server goes on replacing workers meanwhile. A second SIGTERM or Ctrl-C ends at once.
        There is no reload, which SIGHUP is for gunicorn. Under `nohup` it stays ignored.
        """
        stop: Any = signal.getsignal(signal.SIGTERM)  # gunicorn's own, for each signal

        def begin(number: int, frame: Any) -> None:
            self._holding.close()
            for end in (signal.SIGTERM, signal.SIGINT):
                signal.signal(end, at_once)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGALRM, lambda number, frame: stop(signal.SIGTERM, frame))
            signal.setitimer(signal.ITIMER_REAL, max(self._seconds, 0.001))

        def at_once(number: int, frame: Any) -> None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            server.cfg.set("graceful_timeout", 2)  # seconds for the workers
            stop(signal.SIGQUIT, frame)

        if server.num_workers == 1:
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # a second one would count for itself
        signal.signal(signal.SIGTERM, begin)
        signal.signal(signal.SIGINT, begin)
        signal.signal(signal.SIGHUP, self._hangup if self._hangup is signal.SIG_IGN else begin)
