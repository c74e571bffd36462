"""What another component does in place of this one where several processes count as one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from prometheus_client.registry import Collector

LabelSets = list[tuple[str, ...]]
Encode = Callable[[Collector], bytes]


class Admissions(Protocol):
    """The label sets of one metric, as all processes admitted them."""

    def turn(self) -> AbstractContextManager[tuple[LabelSets, LabelSets]]:
        """Keep the other processes from admitting during the block.

        Yields:
            The label sets that are new since the last turn, and a list to put one's own into.

        Raises:
            OSError, ValueError: another process kept its turn for too long, or nobody knows any more
                what was admitted.
        """


class Processes(Protocol):
    """Processes that count as one."""

    def expose(self, encode: Encode, content_type: str) -> bytes:
        """What all of them counted, as this encoder of prometheus_client writes that type."""

    def merge_dead(self) -> None:
        """Keep what the dead ones counted; called when one of them ended."""

    def admissions(self, metric: str) -> Admissions:
        """Where the processes admit the label sets of that metric together."""


# Set while components are discovered, before any metric is bound; None where a process is alone.
processes: Processes | None = None
