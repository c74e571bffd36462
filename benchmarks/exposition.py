"""Measures what a scrape of 10,000 series costs, and what other requests notice of it; prints a table.

Scrapes are back to back, from a process of its own. The 99th percentile is the median of several
rounds, with and without scrapes in turn.
"""

import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bakery import Bakery, Project, environment, questions
from server import HOST, Server, free_port, wait_until_ready

ROUNDS = 5
SECONDS = 3.0
WORKERS = ("1", "4")
PROMISED_MS = 20.0

# A component that brings 10,000 series: counters, and histograms of 14 samples each.
COMPONENT = {
    "metrics.py": """
from ..metrics.bounds import bounded_by
from ..metrics.factory import Counter, Histogram, MetricGroup, bound

class ManyMetrics(MetricGroup, component="many"):
    counts = Counter("many_counts_total", "Many.", labels={"number": bounded_by("the benchmark")})
    waits = Histogram("many_waits_seconds", "Many.", labels={"number": bounded_by("the benchmark")})

def start() -> None:
    metrics = bound(ManyMetrics)
    for number in range(500):
        metrics.waits.labels(str(number)).observe(0.3)
    for number in range(3000):
        metrics.counts.labels(str(number)).inc()
""",
    "component.py": """
from ..core.components import Component
from .metrics import ManyMetrics, start

component = Component(name="many", metrics=(ManyMetrics,), start=start)
""",
    "__init__.py": "",
}

SCRAPER = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]))
while True:
    connection.request("GET", "/metrics")
    connection.getresponse().read()
"""

# Exposition of the same files: this service's, prometheus_client's, and one process's own.
COMPARED = """
import os, sys, tempfile, time
os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder = tempfile.mkdtemp()
from pathlib import Path
from prometheus_client import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from {package}.metrics import registry
from {package}.workers.collector import WorkersCollector
from {package}.many.metrics import start

def best(action):
    taken = []
    for _ in range(7):
        begin = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begin)
    return 1000 * min(taken)

for _ in range(int(sys.argv[1]) - 1):
    if os.fork() == 0:
        start()
        os._exit(0)
    os.wait()
start()
print(
    best(lambda: generate_latest(registry.active.collectors)),
    best(lambda: generate_latest(MultiProcessCollector(None))),
    best(lambda: generate_latest(WorkersCollector(Path(folder)))),
)
"""

LIMITS = {"METRICS_MAX_SERIES": "100000", "MAX_METRICS_PER_MINUTE": "100000"}


def prepared(framework: str, folder: Path) -> Project:
    """Return an installed project with the component of 10,000 series."""
    folder.mkdir()
    project = Bakery(folder).bake_into(folder / "project", {"framework": framework})
    package = project.path / "src" / project.answers["package_name"]
    (package / "many").mkdir()
    for name, text in COMPONENT.items():
        (package / "many" / name).write_text(text, encoding="utf-8")
    project.run("make", "setup")
    return project


def milliseconds_p99(server: Server) -> float:
    """Return the 99th percentile of requests one after another on one connection."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    taken = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        begin = time.perf_counter()
        connection.request("GET", "/livez")
        connection.getresponse().read()
        taken.append(1000 * (time.perf_counter() - begin))
        time.sleep(0.002)
    connection.close()
    return statistics.quantiles(taken, n=100)[98]


def other_requests(project: Project, workers: str) -> tuple[float, float]:
    """Return their 99th percentile, in milliseconds, without and with scrapes."""
    server = Server(free_port())
    settings = {"HOST": HOST, "PORT": str(server.port), "WORKERS": workers, **LIMITS}
    process = subprocess.Popen(
        [".venv/bin/python", "-m", project.answers["package_name"], "serve"],
        cwd=project.path,
        env=environment(**settings),
        stderr=subprocess.DEVNULL,
    )
    quiet, busy = [], []
    try:
        wait_until_ready(server, process)
        for _ in range(ROUNDS):
            quiet.append(milliseconds_p99(server))
            scraper = subprocess.Popen([sys.executable, "-c", SCRAPER, HOST, str(server.port)])
            busy.append(milliseconds_p99(server))
            scraper.kill()
            scraper.wait()
    finally:
        process.terminate()
        process.wait(40)
    return statistics.median(quiet), statistics.median(busy)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        projects = {name: prepared(name, Path(scratch) / name) for name in questions()["framework"]}
        print("| framework | workers | p99 alone (ms) | p99 beside scrapes (ms) | rise (ms), promised < 20 |")
        print("|---|---|---|---|---|")
        for name, project in projects.items():
            for workers in WORKERS:
                alone, beside = other_requests(project, workers)
                print(f"| {name} | {workers} | {alone:.1f} | {beside:.1f} | {beside - alone:.1f} |", flush=True)
        print("\n| files of | `generate_latest`, one process (ms) | `MultiProcessCollector` (ms) | this service (ms) |")
        print("|---|---|---|---|")
        project = next(iter(projects.values()))
        code = COMPARED.replace("{package}", project.answers["package_name"])
        for workers in ("1", "4", "16"):
            said = project.run(".venv/bin/python", "-c", code, workers, more=LIMITS).stdout.split()
            print(f"| {workers} | {' | '.join(f'{float(figure):.0f}' for figure in said)} |", flush=True)


if __name__ == "__main__":
    main()
