"""Metrics never break a request: a failing one becomes a log line and a count."""

import logging
from collections.abc import Callable
from contextlib import ContextDecorator
from functools import wraps
from inspect import iscoroutinefunction
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Any, TypeVar

from .bounds import bounded_by
from .factory import Counter, MetricGroup, bound

log = logging.getLogger(__name__)

LOG_INTERVAL_SECONDS = 60.0

F = TypeVar("F", bound=Callable[..., Any])

# They call the code that they measure: its errors pass through them.
WRAPPERS = frozenset(
    (__name__, "prometheus_client.context_managers", "prometheus_client.decorator")
)


class ErrorMetrics(MetricGroup, component="metrics"):
    """What went wrong while metrics were recorded."""

    errors = Counter(
        "metrics_errors_total",
        "Metric operations that failed and were skipped.",
        labels={"component": bounded_by("the components of the service")},
    )


class safe_metrics_operation(ContextDecorator):  # noqa: N801 - reads as the function it is used as
    """Swallow, log and count what a metric raises; pass on whatever other code raises.

    Use it as a decorator of a function or coroutine function, or in a `with` block. An exception
    counts as the metric's if a frame of this package or of prometheus_client took part in it, those
    aside that only call what they measure, such as `time()` as a decorator.
    Each component logs at most one line a minute, with the number of failures since the last.
    """

    def __init__(self, component: str) -> None:
        self.component = component

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Swallow a metric's failure, and only that."""
        if isinstance(error, Exception) and _from_a_metric(traceback):
            report(self.component, error)
            return True
        return False

    def __call__(self, function: F) -> F:
        """The function with its metrics' failures swallowed; it returns None after one."""
        if iscoroutinefunction(function):

            @wraps(function)
            async def wrapped(*arguments: Any, **options: Any) -> Any:
                with self:
                    return await function(*arguments, **options)

        else:
            # Not by `with`, which takes as long as counting once more.
            @wraps(function)
            def wrapped(*arguments: Any, **options: Any) -> Any:
                try:
                    return function(*arguments, **options)
                except Exception as error:
                    if not self.__exit__(type(error), error, error.__traceback__):
                        raise

        return wrapped  # type: ignore[return-value]  # same signature, by wraps


def report(component: str, error: Exception) -> None:
    """Count a metric that failed, and log it unless the component logged one this minute."""
    try:
        bound(ErrorMetrics).errors.labels(component).inc()
    except Exception:
        log.exception("metrics_errors_total itself failed")
    unreported = _log_limit.due(component)
    if unreported:
        log.error(
            "a metric of %s failed and was skipped (%d since the last report)",
            component,
            unreported,
            exc_info=error,
        )


class _LogLimit:
    """Counts failures and says, once an interval, how many there were."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, int] = {}
        self._logged: dict[str, float] = {}

    def due(self, component: str) -> int:
        """The failures to report now, this one included; 0 while the last report is recent."""
        now = monotonic()
        with self._lock:
            waiting = self._waiting.get(component, 0) + 1
            if now - self._logged.get(component, -LOG_INTERVAL_SECONDS) < LOG_INTERVAL_SECONDS:
                self._waiting[component] = waiting
                return 0
            self._waiting[component] = 0
            self._logged[component] = now
            return waiting


_log_limit = _LogLimit()


def _from_a_metric(traceback: TracebackType | None) -> bool:
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "")
        if module not in WRAPPERS and module.startswith(("prometheus_client.", f"{__package__}.")):
            return True
        traceback = traceback.tb_next
    return False
