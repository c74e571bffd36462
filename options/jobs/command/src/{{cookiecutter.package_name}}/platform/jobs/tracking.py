"""Jobs as a component declares them, and the count of their runs, in coroutines as well."""

import argparse
import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from time import perf_counter
from typing import Any, Self, TypeVar, cast

from .metrics import ITEM_OUTCOMES, RUN_OUTCOMES, get_metrics

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Work that `jobs run NAME` does.

    The function, which may be a coroutine function, is called with its `JobRun` and the parsed
    arguments; its docstring is the help.
    """

    name: str  # unique; of lower case letters, digits, hyphens and underscores
    run: Callable[[Any, argparse.Namespace], Any]
    arguments: Callable[[argparse.ArgumentParser], object] = lambda parser: None  # adds its own


class JobFailed(Exception):  # noqa: N818 - the name says what happened
    """The job could not do its work; the message says why, so no traceback is logged."""


@dataclass
class JobRun:
    """One run: `with track_job("poll") as run`, or each call of a function under `@track_job("poll")`."""

    name: str  # of the job; it is a label, so it comes from the code
    counted: Counter[str] = field(default_factory=Counter)  # the items so far, by outcome
    outcome: str = ""  # success, error, or cancelled by KeyboardInterrupt or CancelledError
    seconds: float = 0.0  # how long the run took; until its end, when it began

    def count(self, outcome: str, number: int = 1) -> None:
        """Count items once the work on them ended: `success`, `error` or `skipped`."""
        get_metrics().items.labels(self.name, outcome).inc(number)
        self.counted[outcome] += number

    def __enter__(self) -> Self:
        """Begin; every outcome has its series from here on."""
        self.seconds = perf_counter()
        metrics = get_metrics()
        for metric, outcomes in ((metrics.runs, RUN_OUTCOMES), (metrics.items, ITEM_OUTCOMES)):
            for outcome in outcomes:
                metric.labels(self.name, outcome).inc(0)
        metrics.in_progress.labels(self.name).inc()
        metrics.last_start.labels(self.name).set_to_current_time()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        failed = kind is not None and issubclass(kind, Exception | SystemExit)
        self.outcome = "error" if failed else "cancelled" if kind else "success"
        self.seconds = perf_counter() - self.seconds
        metrics = get_metrics()
        metrics.in_progress.labels(self.name).dec()
        metrics.duration.labels(self.name).observe(self.seconds)
        metrics.runs.labels(self.name, self.outcome).inc()
        if kind is None:
            metrics.last_success.labels(self.name).set_to_current_time()

    def __call__(self, function: F) -> F:
        """The function, each call of which is a run."""

        @wraps(function)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            with JobRun(self.name):
                return function(*args, **kwargs)

        @wraps(function)
        async def tracked_async(*args: Any, **kwargs: Any) -> Any:
            with JobRun(self.name):
                return await function(*args, **kwargs)

        return cast(F, tracked_async if inspect.iscoroutinefunction(function) else tracked)


track_job = JobRun  # what code writes
