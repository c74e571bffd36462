"""Runs the health checks: all at once, each with a timeout, never twice at the same time."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import Literal, NamedTuple

from ..core.components import HealthCheck

log = logging.getLogger(__name__)


class Result(NamedTuple):
    """How one check went.

    Attributes:
        name: the check's name.
        required: whether the service is unready without it.
        outcome: `ok`, `failed` (it raised), or `timeout`.
        latency_ms: how long it took, or the time it was given, in milliseconds.
    """

    name: str
    required: bool
    outcome: Literal["ok", "failed", "timeout"]
    latency_ms: float


class CheckRunner:
    """Runs checks in threads and keeps the results for a while.

    A check that hangs keeps its one thread: until that ends, the check is a timeout and is not
    started again, so that a dependency that never answers cannot use up the service.
    """

    def __init__(
        self, checks: Sequence[HealthCheck], timeout_seconds: float, keep_seconds: float
    ) -> None:
        self._checks = checks
        self._timeout = timeout_seconds
        self._keep = keep_seconds
        self._lock = Lock()
        self._results: tuple[Result, ...] = ()
        self._until = 0.0
        self._hanging: dict[str, Future[float]] = {}
        self._outcomes: dict[str, str] = {}

    def results(self) -> tuple[Result, ...]:
        """One result a check, in their order; callers that come during a run share its results."""
        with self._lock:
            if monotonic() >= self._until:
                self._results = self._run()
                self._until = monotonic() + self._keep
            return self._results

    def _run(self) -> tuple[Result, ...]:
        running = {check.name: self._start(check) for check in self._checks}
        wait_for(running.values(), timeout=self._timeout)
        self._hanging = {name: future for name, future in running.items() if not future.done()}
        return tuple(self._result(check, running[check.name]) for check in self._checks)

    def _start(self, check: HealthCheck) -> Future[float]:
        hanging = self._hanging.get(check.name)
        if hanging is not None and not hanging.done():
            return hanging
        future: Future[float] = Future()
        # A daemon, unlike a pool's thread: one that hangs must not keep the process from ending.
        Thread(target=_probe, args=(check, future), name=f"check-{check.name}", daemon=True).start()
        return future

    def _result(self, check: HealthCheck, future: Future[float]) -> Result:
        if not future.done():
            result = Result(check.name, check.required, "timeout", round(self._timeout * 1000, 3))
        elif (error := future.exception()) is not None:
            result = Result(check.name, check.required, "failed", 0.0)
        else:
            result = Result(check.name, check.required, "ok", round(future.result() * 1000, 3))
        if self._outcomes.get(check.name, "ok") != result.outcome:
            reason = type(error).__name__ if result.outcome == "failed" else result.outcome
            level = logging.INFO if result.outcome == "ok" else logging.WARNING
            log.log(level, "health check %s: %s", check.name, reason)
            self._outcomes[check.name] = result.outcome
        return result


def _probe(check: HealthCheck, future: Future[float]) -> None:
    start = perf_counter()
    try:
        check.probe()
    except BaseException as error:  # noqa: BLE001 - the thread's outcome, whatever it is
        future.set_exception(error)
    else:
        future.set_result(perf_counter() - start)
