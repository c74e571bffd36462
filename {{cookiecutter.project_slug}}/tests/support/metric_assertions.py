"""The `metrics` fixture: the test's registry with exact assertions on it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest


class Observed(NamedTuple):
    """One histogram: how many observations, their sum, and how many up to each bound."""

    count: float
    sum: float
    buckets: dict[float, float]


class Metrics:
    """Assertions on a registry; a series is written as in the exposition: `name{label="value"}`."""

    def __init__(self, collectors: CollectorRegistry) -> None:
        self.collectors = collectors

    def samples(self, *families: str) -> dict[str, float]:
        """Every sample by its series, of the metrics whose names begin with one of `families`."""
        return {
            _series(sample.name, sample.labels): sample.value
            for metric in self.collectors.collect()
            for sample in metric.samples
            if not families or metric.name.startswith(families)
        }

    def value(self, series: str) -> float:
        """The value of that series; it must be there."""
        samples = self.samples()
        assert series in samples, _missing(series, samples)
        return samples[series]

    def series(self, name: str) -> int:
        """How many label sets the samples of exactly that name have."""
        return sum(series.partition("{")[0] == name for series in self.samples())

    def histogram(self, name: str, **labels: str) -> Observed:
        """The histogram of that name and label set."""
        samples = self.samples()
        buckets = {}
        for metric in self.collectors.collect():
            for sample in metric.samples:
                bound = sample.labels.get("le", "")
                if sample.name == f"{name}_bucket" and sample.labels == {**labels, "le": bound}:
                    buckets[float(bound)] = sample.value
        assert buckets, _missing(_series(f"{name}_bucket", labels), samples)
        return Observed(
            samples[_series(f"{name}_count", labels)],
            samples[_series(f"{name}_sum", labels)],
            buckets,
        )

    def exposition(self, *names: str) -> str:
        """The text that a scrape gets for those metrics, in the order of their registration."""
        families = generate_latest(self.collectors).decode().split("# HELP ")
        return "".join(f"# HELP {text}" for text in families if text.split(" ")[0] in names)

    @contextmanager
    def adds(self, expected: Mapping[str, float], *families: str) -> Iterator[None]:
        """Assert that the block changes exactly these series by exactly so much, and no other.

        With `families` it looks only at the metrics whose names begin with one of them. Sums and
        buckets of durations differ from run to run: they count only if `expected` names them.
        """
        before = self.samples(*families)
        yield
        after = self.samples(*families)
        changed = {
            series: value - before.get(series, 0.0)
            for series, value in after.items()
            if value != before.get(series, 0.0) and (series in expected or not _is_timing(series))
        }
        assert changed == dict(expected), (
            f"changed:\n{_table(changed)}\nexpected:\n{_table(expected)}"
        )


def _series(name: str, labels: Mapping[str, str]) -> str:
    if not labels:
        return name
    return name + "{" + ",".join(f'{k}="{v}"' for k, v in sorted(labels.items())) + "}"


def _is_timing(series: str) -> bool:
    return series.partition("{")[0].endswith(("_sum", "_bucket"))


def _missing(series: str, samples: Mapping[str, float]) -> str:
    name = series.partition("{")[0]
    near = {known: value for known, value in samples.items() if known.startswith(name[:8])}
    return f"no series {series}; there were:\n{_table(near or samples)}"


def _table(samples: Mapping[str, float]) -> str:
    return "\n".join(f"  {series} {value}" for series, value in sorted(samples.items())) or "  none"


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    """The registry of this test, with assertions on it."""
    return Metrics(registry)
