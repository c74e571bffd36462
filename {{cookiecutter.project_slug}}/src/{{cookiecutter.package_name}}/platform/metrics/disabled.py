"""The metric that does nothing: what stands in for one that is switched off or has failed."""

from contextlib import ContextDecorator, nullcontext
from typing import Any


class Disabled(nullcontext[None], ContextDecorator):
    """Takes every call that a counter, gauge, histogram, summary, info or enum takes.

    It is also what its own `time()` returns, and adds nothing to what that wraps.
    """

    def labels(self, *labelvalues: object, **labelkwargs: object) -> "Disabled":
        """Itself: there are no series."""
        return self

    time = track_inprogress = count_exceptions = labels

    def inc(self, *arguments: object, **options: object) -> None:
        """Do nothing."""

    dec = set = observe = info = state = reset = inc
    set_function = set_to_current_time = remove = remove_by_labels = clear = inc

    def collect(self) -> tuple[()]:
        """No family, since there are no series."""
        return ()


DISABLED: Any = Disabled()
