"""What another component does in place of this one where several processes count as one."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from prometheus_client.registry import Collector

LabelSets = list[tuple[str, ...]]


# Keeps the other processes from admitting label sets of a metric during a block, which gets those
# that are new since the last turn, and a list to put its own into. A TimeoutError says that another
# process kept its turn for too long.
Turn = Callable[[], AbstractContextManager[tuple[LabelSets, LabelSets]]]


def alone() -> AbstractContextManager[tuple[LabelSets, LabelSets]]:
    """The turn of a process that no other counts with."""
    return nullcontext(([], []))


class Processes(Protocol):
    """Processes that count as one."""

    def expose(self, encode: Callable[[Collector], bytes]) -> bytes:
        """What all of them counted, in the format of this encoder of prometheus_client."""

    def merge_dead(self) -> None:
        """Keep what the dead ones counted; called when one of them ended."""

    def admissions(self, metric: str) -> Turn:
        """How the processes admit the label sets of that metric together."""


# Set while components are discovered, before any metric is bound; None where a process is alone.
processes: Processes | None = None
