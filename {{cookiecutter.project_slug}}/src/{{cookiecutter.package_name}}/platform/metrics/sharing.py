"""Where several processes count as one: what stands in for the registry, and who admits what."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

log = logging.getLogger(__name__)

# prometheus_client looks for it when it is imported, which is after this, and would then keep each
# number in a file there, in `.` where it is empty; nothing of the service reads such files.
_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
if os.environ.pop(_DIRECTORY, None):
    log.warning("%s is not used: what the service counts is in no files", _DIRECTORY)

LabelSets = list[tuple[str, ...]]

# Keeps other threads and processes from admitting label sets of a metric during a block, which
# gets those that are new since the last turn, and a list to put its own into. An OSError says that
# another process kept its turn for too long.
Turn = Callable[[], AbstractContextManager[tuple[LabelSets, LabelSets]]]

_threads = RLock()  # reentrant: a finalizer that records may run at any moment


@contextmanager
def alone() -> Iterator[tuple[LabelSets, LabelSets]]:
    """The turn of a process that no other counts with."""
    with _threads:
        yield [], []


class Processes(Protocol):
    """Processes that count as one."""

    @property
    def collector(self) -> "Collector":
        """What all of them counted; a scrape reads it in place of the registry."""

    def admissions(self, metric: str) -> Turn:
        """How the processes admit the label sets of that metric together."""


# Set by `serve` before the fork, where there are several; None where a process counts alone.
processes: Processes | None = None
