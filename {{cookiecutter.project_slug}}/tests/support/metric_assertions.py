"""The `metrics` fixture: the test's registry with exact assertions on it."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import TracebackType
from typing import NamedTuple

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

SHOWN = 10  # lines of a failure's message about one thing


class Observed(NamedTuple):
    """One histogram: how many observations, their sum, and how many up to each bound."""

    count: float
    sum: float
    buckets: dict[float, float]


class Metrics:
    """Assertions on a registry.

    A series is written as in the exposition, `name{label="value"}`, its labels in any order.
    """

    def __init__(self, collectors: CollectorRegistry) -> None:
        self.collectors = collectors

    def samples(self, *families: str) -> dict[str, float]:
        """Every sample by its series, of the metrics whose names begin with one of `families`.

        The labels of a series are in alphabetical order.
        """
        return {
            _series(sample.name, sample.labels): sample.value
            for metric in self.collectors.collect()
            for sample in metric.samples
            if not families or metric.name.startswith(families)
        }

    def value(self, series: str) -> float:
        """The value of that series; it must be there."""
        __tracebackhide__ = True
        samples, wanted = self.samples(), _normal(series)
        if wanted not in samples:
            raise AssertionError(_missing(wanted, samples))
        return samples[wanted]

    def series(self, name: str) -> int:
        """How many label sets the samples of exactly that name have."""
        return sum(series.partition("{")[0] == name for series in self.samples())

    def histogram(self, name: str, **labels: str) -> Observed:
        """The histogram of that name and label set; it must be there."""
        __tracebackhide__ = True
        samples = self.samples()
        buckets = {}
        for metric in self.collectors.collect():
            for sample in metric.samples:
                bound = sample.labels.get("le", "")
                if sample.name == f"{name}_bucket" and sample.labels == {**labels, "le": bound}:
                    buckets[float(bound)] = sample.value
        if not buckets:
            raise AssertionError(_missing(_series(f"{name}_bucket", labels), samples))
        return Observed(
            samples[_series(f"{name}_count", labels)],
            samples[_series(f"{name}_sum", labels)],
            buckets,
        )

    def exposition(self, *names: str) -> str:
        """The text that a scrape gets for those metrics, in the order of their registration."""
        families = generate_latest(self.collectors).decode().split("# HELP ")
        return "".join(f"# HELP {text}" for text in families if text.split(" ")[0] in names)

    def adds(self, expected: Mapping[str, float], *families: str) -> "Difference":
        """Assert that a `with` block changes exactly these series by exactly so much, and no other.

        With `families` it looks only at the metrics whose names begin with one of them. Sums and
        buckets of durations differ from run to run: they count only if `expected` names them.
        """
        return Difference(self, expected, families)


class Difference:
    """What `adds` returns; no generator, so that a failure points at the test's own line."""

    def __init__(
        self, metrics: Metrics, expected: Mapping[str, float], families: tuple[str, ...]
    ) -> None:
        self._metrics = metrics
        self._expected = {_normal(series): value for series, value in expected.items()}
        self._families = families

    def __enter__(self) -> None:
        self._before = self._metrics.samples(*self._families)

    def __exit__(
        self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if kind is not None:
            return
        wrong = list(self._lines(self._metrics.samples(*self._families)))
        if wrong:
            raise AssertionError("\n".join(("the block adds other than expected:", *_few(wrong))))

    def _lines(self, after: Mapping[str, float]) -> Iterator[str]:
        for series in sorted(after.keys() | self._before.keys() | self._expected.keys()):
            added = after.get(series, 0.0) - self._before.get(series, 0.0)
            expected = self._expected.get(series, 0.0)
            if added == expected or (series not in self._expected and _is_timing(series)):
                continue
            if not added:
                yield f"  missing     {series} {expected:+.12g}"
            elif series in self._expected:
                yield f"  other       {series} {added:+.12g} instead of {expected:+.12g}"
            else:
                yield f"  unexpected  {series} {added:+.12g}"


def _series(name: str, labels: Mapping[str, str]) -> str:
    if not labels:
        return name
    shown = (f'{label}="{_escaped(value)}"' for label, value in sorted(labels.items()))
    return name + "{" + ",".join(shown) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _normal(series: str) -> str:
    [family] = text_string_to_metric_families(f"{series} 0\n")
    [sample] = family.samples
    return _series(sample.name, sample.labels)


def _is_timing(series: str) -> bool:
    return series.partition("{")[0].endswith(("_sum", "_bucket"))


def _missing(series: str, samples: Mapping[str, float]) -> str:
    name = series.partition("{")[0]
    near = [known for known in sorted(samples) if known.startswith(name[:8])] or sorted(samples)
    lines = [f"  {known} {samples[known]:.12g}" for known in near] or ["  none"]
    return "\n".join((f"no series {series}; there are:", *_few(lines)))


def _few(lines: list[str]) -> list[str]:
    return lines[:SHOWN] + [f"  and {len(lines) - SHOWN} more"] * (len(lines) > SHOWN)


@pytest.fixture
def as_in_production() -> None:
    """What metrics raise in other tests is reported in this one, as it is in production."""
    registry = import_module("{{ cookiecutter.package_name }}.platform.metrics.registry")
    registry.active.mode = "production"


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    """The registry of this test, with assertions on it."""
    return Metrics(registry)
