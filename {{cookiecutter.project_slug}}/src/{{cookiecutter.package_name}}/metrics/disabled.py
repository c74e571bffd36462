"""The metric that does nothing: what a group holds when its collection is switched off."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Nothing:
    """A context manager and decorator that adds nothing to what it wraps."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *raised: object) -> None:
        return None

    def __call__(self, function: F) -> F:
        return function


_NOTHING = _Nothing()


class Disabled:
    """Takes every call that a counter, gauge, histogram, summary, info or enum takes."""

    def labels(self, *labelvalues: object, **labelkwargs: object) -> "Disabled":
        """Itself: there are no series."""
        return self

    def _ignore(self, *arguments: object, **options: object) -> None:
        """Do nothing."""

    inc = dec = set = observe = info = state = reset = _ignore
    set_function = set_to_current_time = remove = remove_by_labels = clear = _ignore

    def _wrap(self, *arguments: object, **options: object) -> _Nothing:
        """Add nothing."""
        return _NOTHING

    time = track_inprogress = count_exceptions = _wrap


DISABLED: Any = Disabled()
