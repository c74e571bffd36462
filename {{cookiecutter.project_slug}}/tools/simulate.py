"""Drives every declared metric once, so that dashboards and demos have something to show."""

from itertools import product
from threading import Event
from typing import Any

from prometheus_client import generate_latest, start_http_server

from {{ cookiecutter.package_name }}.platform.metrics import bound, registry
from {{ cookiecutter.package_name }}.platform.metrics.bounds import Values
from {{ cookiecutter.package_name }}.platform.metrics.declared import Declared

from .catalogue import catalogue

MOST_LABEL_SETS = 50  # of one metric; of more, evenly spaced ones are taken
EXAMPLE = "example"  # the value of a label that is not closed


def drive() -> None:
    """Record one value in every declared metric, for each of its label sets."""
    for entry in catalogue():
        metric = getattr(bound(entry.group), entry.attribute)
        declared = entry.declaration()
        method, value = _recording(declared)
        for labels in label_sets(declared):
            getattr(metric.labels(*labels) if labels else metric, method)(value)


def exposition() -> str:
    """What a scrape answers after every metric was driven once."""
    drive()
    return generate_latest(registry.active.collectors).decode()


def serve(port: int, seconds: float) -> None:
    """Serve the metrics on that port of this machine, driven anew every second."""
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry.active.collectors)
    try:
        waited = Event()
        for _ in range(max(1, round(seconds))):
            drive()
            waited.wait(min(1.0, seconds))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def label_sets(declared: Declared[Any]) -> list[tuple[str, ...]]:
    """The combinations of the closed labels' values, at most 50 of them, evenly spaced."""
    known = list(product(*map(_values, declared.label_values.values())))
    taken = min(len(known), MOST_LABEL_SETS)
    return [known[position * len(known) // taken] for position in range(taken)]


def _values(values: Values) -> list[str]:
    return sorted(values) if isinstance(values, frozenset) else [EXAMPLE]


def _recording(declared: Declared[Any]) -> tuple[str, Any]:
    """The method that records on a metric of this type, and what it takes."""
    match declared.kind:
        case "histogram" | "summary":
            buckets = declared.options.get("buckets", (1,))
            return "observe", buckets[len(buckets) // 2]
        case "gauge":
            return "set", 1
        case "info":
            return "info", {"simulated": "true"}
        case "enum":
            return "state", declared.options["states"][0]
    return "inc", 1
