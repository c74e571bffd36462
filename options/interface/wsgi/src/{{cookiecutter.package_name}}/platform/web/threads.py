"""Gunicorn's worker with threads, for WSGI."""

from concurrent.futures import Future
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

THREADS = 16  # requests that a worker answers at the same time


class Threads(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """One in which a client that does not close its end holds up a thread, and not everybody."""

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Close a connection whose last request was answered, or wait for the next request."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self.nr_conns -= 1
            self.tpool.submit(conn.close, graceful=True)
