"""Gunicorn's worker with threads, for WSGI."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from socket import MSG_DONTWAIT, MSG_PEEK
from time import monotonic
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from ..health.report import OPERATIONS

THREADS = 16  # requests that a worker answers at the same time
PROBE_THREADS = 4  # for probes and scrapes, beside those
LONGEST_PROBE = 4096  # bytes, with all headers
SILENT_SECONDS = 10.0  # how long a new connection may be without a request


class Threads(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """One in which probes wait behind no slow request, and nobody for a client that keeps open."""

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Make the pools, each with a first thread: where no other is to be had, it does all."""
        self._probes = ThreadPoolExecutor(PROBE_THREADS)
        pool: ThreadPoolExecutor = super().get_thread_pool()
        for one in (pool, self._probes):
            with suppress(RuntimeError):  # whatever needs a thread next says why there is none
                one.submit(int)
        return pool

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection to a thread, or to the poller while the client has sent nothing."""
        sent = b""
        try:
            sent = conn.sock.recv(LONGEST_PROBE, MSG_PEEK | MSG_DONTWAIT)
        except BlockingIOError:
            if not conn.initialized:  # else its next request has been read already
                conn.timeout = monotonic() + SILENT_SECONDS
                self.pending_conns.append(conn)
                readable = partial(self.on_pending_socket_readable, conn)
                self.poller.register(conn.sock, EVENT_READ, readable)
                return
        except OSError:  # the thread finds out
            pass
        conn.data_ready = True
        pool = self._probes if _is_probe(sent) else self.tpool
        self._do(pool, partial(self.handle, conn), partial(self.finish_request, conn))

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Close a connection whose last request was answered, or wait for the next request."""
        if fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self._do(self.tpool, partial(conn.close, graceful=True), self._note_closed)

    def _note_closed(self, closed: "Future[Any]") -> None:
        """Have room for another connection, now that this one has its descriptor no more."""
        self.nr_conns -= 1

    def _do(self, pool: Any, work: Callable[[], Any], then: Callable[..., None]) -> None:
        def run() -> None:
            done: Future[Any] = Future()
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - the future has it
                done.set_exception(error)
            self.method_queue.defer(then, done)

        with suppress(RuntimeError):  # no other thread is to be had: one that is there comes to it
            pool.submit(run)


def _is_probe(sent: bytes) -> bool:
    """Whether it is all of a request for one of these paths: half of one could keep its thread."""
    words = sent.split(b" ", 2)
    path = words[1].partition(b"?")[0] if len(words) > 2 else b""
    return sent.endswith(b"\r\n\r\n") and path.decode("latin-1") in OPERATIONS
