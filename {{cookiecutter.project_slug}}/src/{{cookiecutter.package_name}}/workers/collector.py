"""What all workers counted, as one exposition: the counterpart of a registry in one process."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client import Metric, PlatformCollector
from prometheus_client.registry import Collector

from ..metrics import registry
from ..metrics.sharing import Turn
from .files import CountFile, CountFiles, Key, Values, combine, parsed
from .journal import Journal
from .metrics import get_metrics
from .processes import ProcessesCollector


class WorkersCollector(Collector):
    """Collects the files of all workers; sums but for gauges that declare another mode."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = CountFiles(folder)

    def collect(self) -> Iterator[Metric]:
        """Every metric that is kept in files, with the processes, the platform and the facts."""
        yield from self._counted()
        yield from ProcessesCollector().collect()
        yield from PlatformCollector(registry=None).collect()
        yield from self._facts()

    def expose(self, encode: Callable[[Collector], bytes]) -> bytes:
        """What all workers counted, in the format of that encoder."""
        return encode(self)

    def admissions(self, metric: str) -> Turn:
        """How the workers admit the label sets of that metric together."""
        return Journal(self._folder / f"{metric}.journal").turn

    def merge_dead(self) -> None:
        """Merge the files of dead workers and drop their gauges; call it when a worker died."""
        torn = self._files.merge_dead()
        if torn:
            get_metrics().torn.inc(torn)

    def _counted(self) -> Iterable[Metric]:
        files = self._files.read()
        if any(file.dead for file, _, whole in files if not whole):
            self.merge_dead()
            files = self._files.read()
        totals: dict[str, Values] = {}
        families: dict[str, Metric] = {}
        for file, values, _ in files:
            if file.mode == "all":
                _add_each(families, file, values)
            else:
                combine(totals.setdefault(file.kind, {}), values, file.mode)
        for kind, values in totals.items():
            if kind == "histogram":
                _add_histograms(families, values)
                continue
            chosen = kind.endswith(("max", "min", "mostrecent"))
            for key, (value, left) in values.items():
                name = parsed(key)
                shown = value if chosen else value + left
                _family(families, name, kind).add_sample(name.sample, name.labels, shown)
        return families.values()

    def _facts(self) -> Iterator[Metric]:
        """Info and enum metrics are kept in no file: they say what holds in this worker."""
        for group, instance in registry.active.groups.items():
            for attribute, declared in group.declared.items():
                if declared.kind in ("info", "enum"):
                    yield from getattr(instance, attribute).collect()


def _family(families: dict[str, Metric], key: Key, kind: str) -> Metric:
    family = families.get(key.metric)
    if family is None:
        family = families[key.metric] = Metric(key.metric, key.help, kind.partition("_")[0])
    return family


def _add_each(families: dict[str, Metric], file: CountFile, values: Values) -> None:
    for text, (value, _) in values.items():
        key = parsed(text)
        labels = {**key.labels, "pid": file.process}
        _family(families, key, file.kind).add_sample(key.sample, labels, value)


def _add_histograms(families: dict[str, Metric], values: Values) -> None:
    """Files hold what fell into each bucket alone; the exposition has what fell up to its bound."""
    children: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[Key, float]]] = {}
    for text, (value, left) in values.items():
        key = parsed(text)
        children.setdefault((key.metric, key.child), []).append((key, value + left))
    for (metric, labels), parts in children.items():
        family = _family(families, parts[0][0], "histogram")
        count = 0.0
        buckets = [part for part in parts if part[0].sample.endswith("_bucket")]
        for key, value in sorted(buckets, key=lambda part: part[0].bucket):
            count += value
            family.add_sample(key.sample, key.labels, count)
        family.add_sample(f"{metric}_count", dict(labels), count)
        for key, value in parts:
            if key.sample.endswith("_sum"):
                family.add_sample(key.sample, key.labels, value)
