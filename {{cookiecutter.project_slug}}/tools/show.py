"""The metrics as a table for people: their current values, or what is declared."""

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from itertools import zip_longest
from textwrap import wrap
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from {{ cookiecutter.package_name }}.platform.core import ServiceSettings

from .catalogue import Entry

SCRAPE_SECONDS = 5.0
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to ask, not to listen on
PROCESS = ("python_", "process_")  # what prometheus_client says of every Python process
MOST = (46, 9, 100, 20)  # columns of a cell; the labels take what the others leave of 100
GAP = "  "


class Row(NamedTuple):
    """A row of the table: one series, or one metric without any."""

    metric: str
    type: str
    labels: str
    value: str


def address(settings: ServiceSettings) -> str:
    """The URL where this service's metrics are, if it runs with these settings."""
    host = EVERY_ADDRESS.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/metrics"


def scrape(url: str, token: str = "") -> str | None:
    """The exposition that the URL answers, None where nothing or something else answers.

    Args:
        url: of HTTP.
        token: the bearer token that is sent there.

    Raises:
        ValueError: the URL is not one of HTTP, or asks for another token.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} must begin with http:// or https://")
    headers = {"Accept": "text/plain;version=0.0.4"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = Request(url, headers=headers)  # noqa: S310 - checked
    try:
        # No proxy: it could not reach what listens on this machine.
        with build_opener(ProxyHandler({})).open(request, timeout=SCRAPE_SECONDS) as answer:
            text: str = answer.read().decode()
            list(text_string_to_metric_families(text))
    except HTTPError as refused:
        if refused.code == HTTPStatus.UNAUTHORIZED:
            problem = f"{url} answers 401: set OPERATIONS_TOKEN to the one of the service"
            raise ValueError(problem) from None
        return None
    except (OSError, ValueError):
        return None
    return text


def values(exposition: str, entries: Iterable[Entry]) -> list[Row]:
    """Every series of the exposition and what is declared without any; the process's own last."""
    rows = [row for one in text_string_to_metric_families(exposition) for row in _family(one)]
    seen = {row.metric for row in rows}
    rows += [row for row in declared(entries) if row.metric not in seen]
    return sorted(rows, key=lambda row: row.metric.startswith(PROCESS))


def declared(entries: Iterable[Entry]) -> list[Row]:
    """Every declared metric, without values."""
    rows = []
    for metric in (entry.declaration() for entry in entries):
        name = f"{metric.name}_info" if metric.kind == "info" else metric.name
        rows.append(Row(name, metric.kind, " ".join(metric.label_values), "-"))
    return rows


def table(rows: Sequence[Row], *, colored: bool) -> Iterator[str]:
    """The rows in aligned columns, in 100 columns altogether; the names coloured on demand."""
    head = Row("METRIC", "TYPE", "LABELS", "VALUE")
    shown = [head, *(Row(*map(harmless, row)) for row in rows)]
    longest = (max(map(len, column)) for column in zip(*shown, strict=True))
    name, kind, labels, value = map(min, longest, MOST)
    widths = (name, kind, min(labels, 100 - name - kind - value - 3 * len(GAP)), value)
    for row in shown:
        cells = (wrap(one, n) for one, n in zip(row, widths, strict=True))
        for parts in zip_longest(*cells, fillvalue=""):
            line = GAP.join(f"{one:<{n}}" for one, n in zip(parts, widths, strict=True)).rstrip()
            color = 1 if row is head else 36
            yield f"\033[{color}m{line[:name]}\033[0m{line[name:]}" if colored else line


def harmless(text: str) -> str:
    """The text with every character escaped that is not printed: it must not steer a terminal."""
    return "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text)


def _family(family: Metric) -> Iterator[Row]:
    observed = family.type in {"histogram", "summary"}
    sums = {_labels(one): one.value for one in family.samples if one.name.endswith("_sum")}
    for sample in family.samples:
        labels = _labels(sample)
        if observed and sample.name.endswith("_count"):
            known = sample.value and labels in sums
            mean = f", mean {sums[labels] / sample.value:.4g}" if known else ""
            yield Row(family.name, family.type, labels, f"{sample.value:.15g}{mean}")
        elif not observed and not sample.name.endswith("_created"):
            yield Row(sample.name, family.type, labels, f"{sample.value:.15g}")


def _labels(sample: Sample) -> str:
    shown = {name: sample.labels[name] for name in sorted(sample.labels)}
    return " ".join(f"{k}={v}" for k, v in shown.items() if k not in {"le", "quantile"})
