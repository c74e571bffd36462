"""Runs the health checks: all at once, each with a timeout, never twice at the same time."""

import logging
import re
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import Literal, TypedDict

from ..core.components import Component, ComponentError, HealthCheck
from .settings import HealthSettings

log = logging.getLogger(__name__)

REASON_LENGTH = 200  # characters of an exception's text that are logged
USER_AND_PASSWORD = re.compile(r"//[^/\s]*@")


class Result(TypedDict):
    """How one check went: `failed` if it raised; how long it took, or was given, in milliseconds."""

    status: Literal["ok", "failed", "timeout"]
    required: bool
    latency_ms: float


def checks_of(components: Sequence[Component]) -> tuple[HealthCheck, ...]:
    """The checks of the components, in their order; ComponentError if two have one name."""
    owners: dict[str, str] = {}
    for component in components:
        for check in component.checks:
            if check.name in owners:
                both = f"{owners[check.name]} and {component.name}"
                raise ComponentError(f"{both} both have a health check {check.name!r}: rename one")
            owners[check.name] = component.name
    return tuple(check for component in components for check in component.checks)


class CheckRunner:
    """Runs checks in threads of their own and keeps the results for a while.

    A check that hangs keeps its one thread: until that ends, the check is a timeout that nobody
    waits for, and it is not started again, so that a dependency that never answers cannot use up
    the service.

    Args:
        checks: their names must differ.
        settings: how long they may take, all of them together too, and how long results are kept.
    """

    def __init__(self, checks: Sequence[HealthCheck], settings: HealthSettings) -> None:
        self._checks = checks
        self._timeout = settings.health_check_timeout_seconds
        self._keep = settings.health_cache_seconds
        self._lock = Lock()
        self._results: dict[str, Result] = {}
        self._until = -1.0
        self._hanging: dict[str, Future[float]] = {}

    def results(self) -> dict[str, Result]:
        """The results by name, in the order of the checks; who comes during a run shares its results."""
        came = monotonic()
        with self._lock:
            if came > self._until:
                self._results = self._run()
                self._until = monotonic() + self._keep
            return self._results

    def _run(self) -> dict[str, Result]:
        hanging = {name: future for name, future in self._hanging.items() if not future.done()}
        started = {check.name: _start(check) for check in self._checks if check.name not in hanging}
        _, late = wait_for(started.values(), timeout=self._timeout)
        self._hanging = hanging | {name: one for name, one in started.items() if one in late}
        return {check.name: self._result(check, started.get(check.name)) for check in self._checks}

    def _result(self, check: HealthCheck, future: Future[float] | None) -> Result:
        result: Result = {"status": "ok", "required": check.required, "latency_ms": 0.0}
        reason = "ok"
        if future is None or check.name in self._hanging:
            result["status"], result["latency_ms"] = "timeout", round(self._timeout * 1000, 3)
            reason = f"no answer within {self._timeout:g} s"
        elif (error := future.exception()) is not None:
            result["status"], reason = "failed", _reason(error)
        else:
            result["latency_ms"] = round(future.result() * 1000, 3)
        before = self._results.get(check.name)
        if result["status"] != (before["status"] if before else "ok"):
            level = logging.INFO if reason == "ok" else logging.WARNING
            log.log(level, "health check %s: %s", check.name, reason)
        return result


def _start(check: HealthCheck) -> Future[float]:
    future: Future[float] = Future()

    def probe() -> None:
        start = perf_counter()
        try:
            check.probe()
            future.set_result(perf_counter() - start)
        except BaseException as error:  # noqa: BLE001 - the thread's outcome, whatever it is
            future.set_exception(error)

    # A daemon, unlike a pool's thread: one that hangs must not keep the process from ending.
    Thread(target=probe, name=f"check-{check.name}", daemon=True).start()
    return future


def _reason(error: BaseException) -> str:
    """The type and the text on one line; a user and a password in a URL are left out."""
    text = USER_AND_PASSWORD.sub("//***@", " ".join(str(error).split()))
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"{type(error).__name__}: {text}"[:REASON_LENGTH].removesuffix(": ")
