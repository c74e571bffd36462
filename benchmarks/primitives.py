"""Measures what recording a metric and a fresh registry cost, on each interpreter; prints a table."""

import json
import sys
import tempfile
from pathlib import Path

from bakery import Bakery
from interpreters import interpreters, uv

# Runs inside the generated service. The best of many rounds is the cost; the rest is what the machine did meanwhile.
MEASURE = """
import json, timeit
import prometheus_client
from prometheus_client import CollectorRegistry
from example_service.bookmarks.metrics import get_metrics
from example_service.platform.metrics import registry
from example_service.platform.metrics.factory import bound
from example_service.platform.web.metrics import HttpMetrics

def best(statement, number, rounds=25, **names):
    return min(timeit.repeat(statement, number=number, repeat=rounds, globals=names)) / number * 1e9

def fresh():
    registry.reset_for_test(CollectorRegistry(auto_describe=True))
    get_metrics()
    bound(HttpMetrics)

plain = prometheus_client.Counter("plain_total", "Plain.", ["a", "b", "c"])
print(json.dumps([
    best("get_metrics()", 100_000, get_metrics=get_metrics),
    best("c.labels('GET', '/', '200').inc()", 20_000, c=bound(HttpMetrics).requests),
    best("c.labels('GET', '/', '200').inc()", 20_000, c=plain),
    best("fresh()", 100, fresh=fresh) / 1e3,
]))
"""
HEAD = ("Python", "get_metrics() ns", "labels().inc() ns", "the same, prometheus_client alone ns", "fresh registry µs")
FRESH_LIMIT = 500.0


def limit(version: str) -> float:
    """Return how many nanoseconds `get_metrics()` may take."""
    return 150.0 if version == "3.11" else 100.0


def main() -> None:
    """Print a row for each interpreter, and end with 1 where a promise is not kept."""
    rows: list[tuple[str, ...]] = [HEAD, tuple("---" for _ in HEAD)]
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        project = Bakery(Path(folder)).bake()
        for version, python in interpreters().items():
            environment = {"UV_PROJECT_ENVIRONMENT": f".venv-{version}"}
            project.run(uv(), "sync", "--quiet", "--python", python, more=environment)
            printed = project.run(f".venv-{version}/bin/python", "-c", MEASURE, more={"ENV_FILE": ""}).stdout
            bound, ours, plain, fresh = json.loads(printed)
            missed = missed or bound >= limit(version) or fresh >= FRESH_LIMIT
            rows.append((version, f"{bound:.0f}", f"{ours:.0f}", f"{plain:.0f}", f"{fresh:.0f}"))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.exit(missed)


if __name__ == "__main__":
    main()
