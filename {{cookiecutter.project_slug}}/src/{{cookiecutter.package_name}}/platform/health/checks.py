"""Runs the health checks: all at once, each with a timeout, never twice at the same time."""

import logging
import re
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import Literal, NamedTuple

from ..core.components import Component, ComponentError, HealthCheck

log = logging.getLogger(__name__)

REASON_LENGTH = 200  # characters of an exception's text that are logged
USER_AND_PASSWORD = re.compile(r"//[^/\s]*@")


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


def checks_of(components: Sequence[Component]) -> tuple[HealthCheck, ...]:
    """The checks of the components, in their order.

    Raises:
        ComponentError: two checks have one name; the result of one would hide the other's.
    """
    owners: dict[str, str] = {}
    for component in components:
        for check in component.checks:
            if check.name in owners:
                raise ComponentError(
                    f"{owners[check.name]} and {component.name} both have a health check "
                    f"{check.name!r}: rename one"
                )
            owners[check.name] = component.name
    return tuple(check for component in components for check in component.checks)


class CheckRunner:
    """Runs checks in threads of their own and keeps the results for a while.

    A check that hangs keeps its one thread: until that ends, the check is a timeout that nobody
    waits for, and it is not started again, so that a dependency that never answers cannot use up
    the service.

    Args:
        checks: their names must differ.
        timeout_seconds: how long a check may take, all of them together too.
        keep_seconds: how long the results are reused.
    """

    def __init__(
        self, checks: Sequence[HealthCheck], timeout_seconds: float, keep_seconds: float
    ) -> None:
        self._checks = checks
        self._timeout = timeout_seconds
        self._keep = keep_seconds
        self._lock = Lock()
        self._latest: Future[tuple[Result, ...]] | None = None
        self._until = 0.0
        self._hanging: dict[str, Future[float]] = {}
        self._outcomes: dict[str, str] = {}

    def results(self) -> tuple[Result, ...]:
        """One result per check, in their order; callers that come during a run share its results."""
        with self._lock:
            latest = self._latest
            if latest is None or (latest.done() and monotonic() >= self._until):
                latest = self._latest = Future()
                begins = True
            else:
                begins = False
        if begins:
            try:
                latest.set_result(self._run())
            except BaseException as error:
                latest.set_exception(error)
                raise
            finally:
                self._until = monotonic() + self._keep
        return latest.result()

    def _run(self) -> tuple[Result, ...]:
        hanging = {name for name, future in self._hanging.items() if not future.done()}
        running = {
            check.name: self._hanging[check.name] if check.name in hanging else _start(check)
            for check in self._checks
        }
        wait_for([running[name] for name in running.keys() - hanging], timeout=self._timeout)
        self._hanging = {name: future for name, future in running.items() if not future.done()}
        return tuple(self._result(check, running[check.name]) for check in self._checks)

    def _result(self, check: HealthCheck, future: Future[float]) -> Result:
        reason = ""
        if check.name in self._hanging:
            result = Result(check.name, check.required, "timeout", round(self._timeout * 1000, 3))
            reason = f"no answer within {self._timeout:g} s"
        elif (error := future.exception()) is not None:
            result = Result(check.name, check.required, "failed", 0.0)
            reason = _reason(error)
        else:
            result = Result(check.name, check.required, "ok", round(future.result() * 1000, 3))
        if self._outcomes.get(check.name, "ok") != result.outcome:
            level = logging.INFO if result.outcome == "ok" else logging.WARNING
            log.log(level, "health check %s: %s", check.name, reason or result.outcome)
            self._outcomes[check.name] = result.outcome
        return result


def _start(check: HealthCheck) -> Future[float]:
    future: Future[float] = Future()
    # A daemon, unlike a pool's thread: one that hangs must not keep the process from ending.
    Thread(target=_probe, args=(check, future), name=f"check-{check.name}", daemon=True).start()
    return future


def _probe(check: HealthCheck, future: Future[float]) -> None:
    start = perf_counter()
    try:
        check.probe()
    except BaseException as error:  # noqa: BLE001 - the thread's outcome, whatever it is
        future.set_exception(error)
    else:
        future.set_result(perf_counter() - start)


def _reason(error: BaseException) -> str:
    """The type and the text on one line; a user and a password in a URL are left out."""
    text = USER_AND_PASSWORD.sub("//***@", " ".join(str(error).split()))
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"{type(error).__name__}: {text}"[:REASON_LENGTH].removesuffix(": ")
