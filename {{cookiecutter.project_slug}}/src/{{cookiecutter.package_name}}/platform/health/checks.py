"""Runs the health checks: all at once, each with a timeout, never twice at the same time."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import Any, Literal

from pydantic import Field, SecretStr

from ..core.components import Component, ComponentError, HealthCheck, call
from ..core.config import Settings
from ..core.logging import reason_of
from .metrics import get_metrics

log = logging.getLogger(__name__)

Outcome = tuple[float, str]  # the seconds that a probe took, and why it failed, if it did
Result = dict[str, Any]  # status (ok, failed, timeout), required, latency_ms that it took or had
_registered: dict[str, HealthCheck] = {}  # of code that is no component


class HealthSettings(Settings):
    """How dependencies are probed, and what is told to whom."""

    health_check_timeout_seconds: float = Field(0.8, gt=0, le=10)
    """A check that takes longer has failed; in seconds."""
    health_cache_seconds: float = Field(2.0, ge=0, le=60)
    """How long the results of the checks are reused; in seconds."""
    health_details: Literal["always", "authorized", "never"] | None = None
    """Who sees more of `/health` and `/readyz` than the status: everybody, who sends
    OPERATIONS_TOKEN, or nobody; unless set, `authorized` in production and `always` elsewhere."""
    operations_token: SecretStr = Field(SecretStr(""), json_schema_extra={"empty": "/metrics open"})
    """Bearer token for `/metrics` and the details of `/health`; without one `/metrics` is open."""


def register_health_check(name: str, probe: Callable[[], None], *, required: bool = True) -> None:
    """Run this `HealthCheck` too, instead of the one that was registered with that name.

    A component's check of that name comes first.
    """
    _registered[name] = HealthCheck(name=name, probe=probe, required=required)


def checks_of(components: Sequence[Component]) -> tuple[HealthCheck, ...]:
    """The checks of the components, in their order; ComponentError if two have one name."""
    found: dict[str, tuple[str, HealthCheck]] = {}
    for owner, check in ((one.name, check) for one in components for check in one.checks):
        if check.name in found:
            both = f"{found[check.name][0]} and {owner} both have a health check"
            raise ComponentError(f"{both} {check.name!r}: rename one")
        found[check.name] = owner, check
    return tuple(check for _, check in found.values())


class CheckRunner:
    """Runs checks in threads of their own and keeps the results for a while.

    A check that hangs keeps its one thread: until that ends, the check is a timeout that nobody
    waits for, and it is not started again.
    """

    def __init__(self, checks: Sequence[HealthCheck], settings: HealthSettings) -> None:
        self._checks = checks
        self._timeout = settings.health_check_timeout_seconds
        self._keep = settings.health_cache_seconds
        self._lock = Lock()
        self._results: dict[str, Result] = {}
        self._until = -1.0
        self._hanging: dict[str, Future[Outcome]] = {}

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
        checks = _registered | {check.name: check for check in self._checks}
        started = {name: _start(one) for name, one in checks.items() if name not in hanging}
        _, late = wait(started.values(), timeout=self._timeout)
        self._hanging = hanging | {name: one for name, one in started.items() if one in late}
        return {name: self._result(one, started.get(name)) for name, one in checks.items()}

    def _result(self, check: HealthCheck, future: Future[Outcome] | None) -> Result:
        status, took, reason = "timeout", self._timeout, f"no answer within {self._timeout:g} s"
        if future is not None and future.done():
            took, reason = future.result()
            status = "failed" if reason else "ok"
        metrics = get_metrics()
        metrics.check_status.labels(check.name).set(status == "ok")
        if future is not None and took:  # 0 where it could not even be started
            metrics.check_duration.labels(check.name).observe(took)
        if status != self._results.get(check.name, {"status": "ok"})["status"]:
            level = logging.INFO if status == "ok" else logging.WARNING
            log.log(level, "health check %s: %s", check.name, reason or "ok")
        return {"status": status, "required": check.required, "latency_ms": round(took * 1000, 3)}


def _start(check: HealthCheck) -> Future[Outcome]:
    future: Future[Outcome] = Future()

    def probe() -> None:
        start, reason = perf_counter(), ""
        try:
            call(check.probe)
        except BaseException as error:  # noqa: BLE001 - the thread's outcome, whatever it is
            reason = reason_of(error)[:200]  # characters
        future.set_result((perf_counter() - start, reason))

    # A daemon, unlike a pool's thread: one that hangs must not keep the process from ending.
    try:
        Thread(target=probe, name=f"check-{check.name}", daemon=True).start()
    except RuntimeError as error:  # the system has no thread to give
        future.set_result((0.0, reason_of(error)))
    return future
