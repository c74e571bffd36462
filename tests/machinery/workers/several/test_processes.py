"""`process_*` speaks for the server and all its workers, those that ended included."""

import importlib
import os
import signal

import pytest
from prometheus_client import ProcessCollector

from {{ cookiecutter.package_name }}.platform.workers import processes

BURNT_SECONDS = 0.05
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_ticks() -> int:
    """The CPU time of this process and of those that it waited for."""
    return sum(round(seconds * TICKS_A_SECOND) for seconds in os.times()[:4])


def values(collector) -> dict[str, float]:
    """What the collector says now."""
    return {s.name: s.value for family in collector.collect() for s in family.samples}


@pytest.fixture
def start_worker():
    """Fork a process that uses the processor for a while, and ends with this one at the latest."""
    ready, tell = os.pipe()
    end, keep = os.pipe()  # closed with this process

    def start() -> int:
        worker = os.fork()
        if worker == 0:
            os.close(keep)
            while sum(os.times()[:2]) < BURNT_SECONDS:
                pass
            os.write(tell, b".")
            os.read(end, 1)
            os._exit(0)
        os.read(ready, 1)
        return worker

    return start


@pytest.mark.forked
def test_the_server_and_its_workers_are_summed_and_cpu_time_never_goes_back(start_worker):
    # The process that imports the collector is the server; this one has no children yet.
    collector = importlib.reload(processes).ProcessesCollector()
    alone, own = values(collector), values(ProcessCollector(registry=None))
    assert alone.keys() == own.keys()
    assert len(alone) == 6
    assert alone["process_max_fds"] == own["process_max_fds"]
    assert alone["process_start_time_seconds"] == own["process_start_time_seconds"]

    workers = [start_worker() for _ in range(2)]
    together = values(collector)
    assert together["process_max_fds"] == 3 * own["process_max_fds"]
    assert together["process_start_time_seconds"] == own["process_start_time_seconds"]
    assert together["process_resident_memory_bytes"] > 1.5 * own["process_resident_memory_bytes"]
    burnt = own["process_cpu_seconds_total"] + 2 * BURNT_SECONDS
    assert together["process_cpu_seconds_total"] >= burnt

    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        killed = values(collector)
        os.waitpid(worker, 0)
        ended = values(collector)
        assert together["process_cpu_seconds_total"] <= killed["process_cpu_seconds_total"]
        assert killed["process_cpu_seconds_total"] <= ended["process_cpu_seconds_total"]
        together = ended
    assert together["process_max_fds"] == own["process_max_fds"]

    least, shown, most = cpu_ticks(), values(collector)["process_cpu_seconds_total"], cpu_ticks()
    assert least <= round(shown * TICKS_A_SECOND) <= most
