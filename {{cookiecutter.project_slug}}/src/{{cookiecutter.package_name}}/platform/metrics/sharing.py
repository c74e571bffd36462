"""What another component does in place of this one where several processes count as one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import RLock
from typing import Protocol

from prometheus_client.registry import Collector

LabelSets = list[tuple[str, ...]]
Encode = Callable[[Collector], bytes]

# Keeps other threads and processes from admitting label sets of a metric during a block, which gets those
# that are new since the last turn, and a list to put its own into. An OSError says that another
# process kept its turn for too long, or that nobody knows any more what was admitted.
Turn = Callable[[], AbstractContextManager[tuple[LabelSets, LabelSets]]]

_threads = RLock()  # reentrant: a finalizer that records may run at any moment


@contextmanager
def alone() -> Iterator[tuple[LabelSets, LabelSets]]:
    """The turn of a process that no other counts with."""
    with _threads:
        yield [], []


class Processes(Protocol):
    """Processes that count as one."""

    def expose(self, encode: Encode, content_type: str) -> bytes:
        """What all of them counted, as this encoder of prometheus_client writes that type."""

    def merge_dead(self) -> None:
        """Keep what the dead ones counted; called when one of them ended."""

    def admissions(self, metric: str) -> Turn:
        """How the processes admit the label sets of that metric together."""


# Set while components are discovered, before any metric is bound; None where a process is alone.
processes: Processes | None = None
