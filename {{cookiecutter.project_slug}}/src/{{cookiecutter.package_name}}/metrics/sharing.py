"""What another component does in place of this one where several processes count as one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from prometheus_client.registry import Collector

LabelSets = list[tuple[str, ...]]


class Admissions(Protocol):
    """The label sets of one metric, as all processes admitted them."""

    def turn(self) -> AbstractContextManager[tuple[LabelSets, LabelSets]]:
        """Keep the other processes from admitting during the block.

        Yields:
            The label sets that are new since the last turn, and a list to put one's own into.

        Raises:
            TimeoutError: another process kept its turn for too long.
        """


class Processes(Protocol):
    """Processes that count as one."""

    def expose(self, encode: Callable[[Collector], bytes]) -> bytes:
        """What all of them counted, in the format of this encoder of prometheus_client."""

    def merge_dead(self) -> None:
        """Keep what the dead ones counted; called when one of them ended."""

    def admissions(self, metric: str) -> Admissions:
        """Where the processes admit the label sets of that metric together."""


# Set while components are discovered, before any metric is bound; None where a process is alone.
processes: Processes | None = None
