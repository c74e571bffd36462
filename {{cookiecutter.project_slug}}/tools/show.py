"""The metrics as a table for people: their current values, or what is declared."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from {{ cookiecutter.package_name }}.platform.core.config import ServiceSettings

from .catalogue import Entry

SCRAPE_SECONDS = 5.0
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to ask, not to listen on


class Row(NamedTuple):
    """A line of the table: one series, or one metric without any."""

    metric: str
    type: str
    labels: str
    value: str


def address(settings: ServiceSettings) -> str:
    """The URL where this service's metrics are, if it runs with these settings."""
    host = EVERY_ADDRESS.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/metrics"


def scrape(url: str) -> str | None:
    """The exposition that the URL answers, None where nothing or something else answers.

    Raises:
        ValueError: the URL is not one of HTTP.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} must begin with http:// or https://")
    request = Request(url, headers={"Accept": "text/plain;version=0.0.4"})  # noqa: S310 - checked
    try:
        # No proxy: it could not reach what listens on this machine.
        with build_opener(ProxyHandler({})).open(request, timeout=SCRAPE_SECONDS) as answer:
            text: str = answer.read().decode()
            list(text_string_to_metric_families(text))
    except (URLError, OSError, ValueError):
        return None
    return text


def values(exposition: str, entries: Iterable[Entry]) -> list[Row]:
    """Every series of the exposition; then what is declared and has none yet."""
    rows = [row for one in text_string_to_metric_families(exposition) for row in _family(one)]
    seen = {name for row in rows for name in (row.metric, f"{row.metric}_info")}
    return rows + [row for row in declared(entries) if row.metric not in seen]


def declared(entries: Iterable[Entry]) -> list[Row]:
    """Every declared metric, without values."""
    rows = []
    for metric in (entry.declaration() for entry in entries):
        name = f"{metric.name}_info" if metric.kind == "info" else metric.name
        rows.append(Row(name, metric.kind, " ".join(metric.labels), "-"))
    return rows


def table(rows: Sequence[Row], *, colored: bool) -> Iterator[str]:
    """The rows, aligned; the names coloured for a terminal."""
    head = Row("METRIC", "TYPE", "LABELS", "VALUE")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        name = f"{row.metric:<{widths[0]}}"
        if colored:
            name = f"\033[{1 if row is head else 36}m{name}\033[0m"
        yield (
            f"{name}  {row.type:<{widths[1]}}  {row.labels:<{widths[2]}}  {row.value:>{widths[3]}}"
        )


def _family(family: Metric) -> Iterator[Row]:
    observed = family.type in {"histogram", "summary"}
    sums = {_labels(one): one.value for one in family.samples if one.name.endswith("_sum")}
    for sample in family.samples:
        labels = _labels(sample)
        if observed and sample.name.endswith("_count"):
            mean = sums[labels] / sample.value if sample.value and labels in sums else None
            text = f"{sample.value:g}" if mean is None else f"{sample.value:g}, mean {mean:.4g}"
            yield Row(family.name, family.type, labels, text)
        elif not observed and not sample.name.endswith("_created"):
            yield Row(sample.name, family.type, labels, _number(sample.value))


def _labels(sample: Sample) -> str:
    shown = (f"{k}={v}" for k, v in sorted(sample.labels.items()) if k not in {"le", "quantile"})
    # A label value may come from a client: it must not steer the terminal.
    return " ".join(text if text.isprintable() else ascii(text) for text in shown)


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value, 0) else f"{value:.6g}"
