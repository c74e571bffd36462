"""Metrics never break a request: a failing one becomes a log line and a count."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from inspect import iscoroutinefunction
from traceback import walk_tb
from types import TracebackType
from typing import Any, TypeVar

from ..core.limits import LogLimit
from .factory import OwnMetrics, bound

log = logging.getLogger(__name__)
_limit = LogLimit(seconds=60.0)

F = TypeVar("F", bound=Callable[..., Any])

# They call the code that they measure: its errors pass through them.
WRAPPERS = (__name__, "prometheus_client.context_managers", "prometheus_client.decorator")


class safe_metrics_operation(AbstractContextManager[Any]):  # noqa: N801 - reads as the function it is used as
    """Swallow, log and count what a metric raises; pass on whatever other code raises.

    Use it as a decorator of a function or coroutine function, or in a `with` block. An exception
    counts as the metric's if a frame of this package or of prometheus_client took part in it, those
    aside that only call what they measure, such as `time()` as a decorator.
    """

    def __init__(self, component: str) -> None:
        self.component = component

    def __exit__(
        self, kind: object, error: BaseException | None, traceback: TracebackType | None
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
        bound(OwnMetrics).errors.labels(component).inc()
    except Exception as another:  # noqa: BLE001 - whatever it is, the request goes on
        error.add_note(f"metrics_errors_total failed too: {another!r}")
    times = _limit.due(component)
    if times:
        log.error(
            "a metric of %s failed and was skipped (%d since the last report)",
            component,
            times,
            exc_info=error,
        )


def _from_a_metric(traceback: TracebackType | None) -> bool:
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(traceback))
    ours = ("prometheus_client.", f"{__package__}.")
    return any(module.startswith(ours) and module not in WRAPPERS for module in modules)
