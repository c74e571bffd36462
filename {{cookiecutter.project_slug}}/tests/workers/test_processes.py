"""`process_*` speaks for the server and all its workers, those that ended included."""

import subprocess
import sys

# The process that imports the collector is the server, and has no children but those made here.
SERVER = """
import os, signal
from prometheus_client import ProcessCollector
from {{ cookiecutter.package_name }}.workers.processes import ProcessesCollector

def values(collector):
    return {s.name: s.value for family in collector.collect() for s in family.samples}

def burn():
    while sum(os.times()[:2]) < 0.3:
        pass

alone, own = values(ProcessesCollector()), values(ProcessCollector(registry=None))
assert alone.keys() == own.keys()
assert len(alone) == 6
assert alone["process_max_fds"] == own["process_max_fds"]
assert alone["process_start_time_seconds"] == own["process_start_time_seconds"]

ready, tell = os.pipe()
end, keep = os.pipe()  # closed with the server: a worker ends with it, whatever happens
workers = []
for _ in range(2):
    workers.append(os.fork())
    if workers[-1] == 0:
        os.close(keep)
        burn()
        os.write(tell, b".")
        os.read(end, 1)
        os._exit(0)
for _ in workers:
    os.read(ready, 1)
together = values(ProcessesCollector())
assert together["process_max_fds"] == 3 * own["process_max_fds"]
assert together["process_start_time_seconds"] == own["process_start_time_seconds"]
assert together["process_resident_memory_bytes"] > 1.5 * own["process_resident_memory_bytes"]
assert together["process_cpu_seconds_total"] >= 0.6 + own["process_cpu_seconds_total"]

for worker in workers:
    os.kill(worker, signal.SIGKILL)
    killed = values(ProcessesCollector())
    os.waitpid(worker, 0)
    ended = values(ProcessesCollector())
    assert together["process_cpu_seconds_total"] <= killed["process_cpu_seconds_total"]
    assert killed["process_cpu_seconds_total"] <= ended["process_cpu_seconds_total"]
    together = ended
assert together["process_max_fds"] == own["process_max_fds"]
"""


def test_the_server_and_its_workers_are_summed_and_cpu_time_never_goes_back():
    subprocess.run([sys.executable, "-c", SERVER], check=True)
