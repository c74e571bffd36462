"""Measures what a scrape costs with one worker and with four, and what other requests notice of it; prints two tables.

The first is in milliseconds of CPU time, the best of several rounds. For the second a process of its own scrapes 10,000
samples back to back; without scrapes and beside them in turn, the lowest 99th percentile of several rounds counts.
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

ROUNDS = 3
SECONDS = 2.0
WORKERS = ("1", "4")
SAMPLES = ("1000", "10000")

# A component of many samples: per thousand 300 counters, and 50 histograms of 14 samples each.
COMPONENT = {
    "metrics.py": """
from ..platform.metrics import Counter, Histogram, MetricGroup, bound, bounded_by

class ManyMetrics(MetricGroup, component="many"):
    counts = Counter("many_counts_total", "Many.", labels={"number": bounded_by("the benchmark")})
    waits = Histogram("many_waits_seconds", "Many.", labels={"number": bounded_by("the benchmark")})

def start(samples: int = 10_000) -> None:
    metrics = bound(ManyMetrics)
    for number in range(samples // 20):
        metrics.waits.labels(str(number)).observe(0.3)
    for number in range(3 * samples // 10):
        metrics.counts.labels(str(number)).inc()
""",
    "component.py": """
from ..platform.core import Component
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

# One process's own exposition; with several that of prometheus_client's own files; and this service's.
COMPARED = """
import os, sys, tempfile, time
workers, samples, whose = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if whose == "theirs":
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder = tempfile.mkdtemp()
from prometheus_client import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from {package}.platform.metrics import registry
from {package}.many.metrics import start

together = None
if whose == "theirs":
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # the service does without
elif whose == "ours" and workers > 1:
    from {package}.platform.workers.pool import Workers
    together = Workers(workers)
    together.share(registry.active.collectors)
for _ in range(workers - 1 if whose != "one" else 0):
    if together:
        together.before_fork(None, object())
    if os.fork() == 0:
        if together:
            together.after_fork(None, None)
        start(samples)
        os._exit(0)
    os.wait()
start(samples)
action = {
    "one": lambda: generate_latest(registry.active.collectors),
    "theirs": lambda: generate_latest(MultiProcessCollector(None)),
    "ours": lambda: registry.render(None),
}[whose]
taken = []
for _ in range(7):
    begin = time.process_time()
    action()
    taken.append(time.process_time() - begin)
print(1000 * min(taken))
"""

LIMITS = {"METRICS_MAX_SERIES": "100000", "MAX_METRICS_PER_MINUTE": "100000"}


def prepared(framework: str, folder: Path) -> Project:
    """Return an installed project with the component of 10,000 series."""
    folder.mkdir()
    project = Bakery(folder).bake_into(folder / "project", {"framework": framework, "workers": "several"})
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
    return min(quiet), min(busy)


def expositions(project: Project) -> None:
    """Print what one costs."""
    print("| workers | samples | `generate_latest` of one process | `MultiProcessCollector` | this service |")
    print("|---:|---:|---:|---:|---:|")
    code = COMPARED.replace("{package}", project.answers["package_name"])
    for workers in WORKERS:
        for samples in SAMPLES:
            contenders = ("one", "ours") if workers == "1" else ("one", "ours", "theirs")
            run = [".venv/bin/python", "-c", code, workers, samples]
            printed = [project.run(*run, whose, more=LIMITS).stdout.split()[-1] for whose in contenders]
            one, ours, theirs = map(float, [*printed, "nan"][:3])
            other = "" if workers == "1" else f"{theirs:.1f} ({theirs / one:.2f})"
            print(f"| {workers} | {samples} | {one:.1f} | {other} | {ours:.1f} ({ours / one:.2f}) |", flush=True)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        projects = {name: prepared(name, Path(scratch) / name) for name in questions()["framework"]}
        expositions(next(iter(projects.values())))
        print("\n| framework | workers | p99 alone (ms) | p99 beside scrapes (ms) | rise (ms), promised < 20 |")
        print("|---|---:|---:|---:|---:|")
        for name, project in projects.items():
            for workers in WORKERS:
                alone, beside = other_requests(project, workers)
                print(f"| {name} | {workers} | {alone:.1f} | {beside:.1f} | {beside - alone:.1f} |", flush=True)


if __name__ == "__main__":
    main()
