"""`process_*` of a service with several workers: the server and all its workers in one sum."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from prometheus_client import Metric, ProcessCollector
from prometheus_client.registry import Collector

# Workers are forked from the process that imported this.
_SERVER = str(os.getpid())
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class ProcessesCollector(Collector):
    """Collects nothing where the kernel does not tell of processes under /proc.

    CPU time includes that of workers that ended, so that it never goes back; the start time is
    the server's; memory that processes share is counted in each of them.
    """

    def collect(self) -> Iterator[Metric]:
        """The families of prometheus_client's own ProcessCollector."""
        try:
            workers, families = None, dict[str, Metric]()
            while workers != (workers := _workers()):  # none may end between its sum and the rest
                families, ended = _sums([_SERVER, *workers]), _ended_ticks()
        except OSError:
            return
        for name, family in families.items():
            if name == "process_cpu_seconds":
                # In whole ticks: a sum of floats depends on their order, which a worker's end
                # changes, and a counter that goes back by the last bit has been reset.
                [sample] = family.samples
                ticks = round(sample.value * _TICKS_A_SECOND) + ended
                family.samples = [sample._replace(value=ticks / _TICKS_A_SECOND)]
            yield family


def _workers() -> list[str]:
    return Path(f"/proc/{_SERVER}/task/{_SERVER}/children").read_text().split()


def _ended_ticks() -> int:
    """The CPU time of the workers that ended: proc(5), fields cutime and cstime of stat."""
    fields = Path(f"/proc/{_SERVER}/stat").read_text().rpartition(")")[2].split()
    return int(fields[13]) + int(fields[14])


def _sums(processes: list[str]) -> dict[str, Metric]:
    families: dict[str, Metric] = {}
    for process in processes:
        for family in ProcessCollector(pid=partial(str, process), registry=None).collect():
            known = families.setdefault(family.name, family)
            if known is not family and family.name != "process_start_time_seconds":
                total = known.samples[0].value + family.samples[0].value
                known.samples = [known.samples[0]._replace(value=total)]
    return families
