"""What all workers counted, as one exposition: the counterpart of a registry in one process."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from sys import intern
from threading import Lock
from typing import Any, NamedTuple

from prometheus_client import Metric, PlatformCollector, utils

from ..metrics import registry
from ..metrics.sharing import Encode, Turn
from .files import CountFiles, combined
from .journal import Journal
from .metrics import get_metrics
from .processes import ProcessesCollector

_text_of: Any = utils.floatToGoString  # untyped there

# What stands together: a metric's name, its help and type, and of a histogram a child's labels.
Place = tuple[str, str, str]


class Line(NamedTuple):
    """How a key is written, but for its value."""

    place: Place
    is_bucket: bool  # files hold what fell into it alone, the exposition what fell up to its bound
    samples: tuple[str, ...]  # the last bucket is also the count


class Workers:
    """The workers that count in the files of one folder; see `Processes` in metrics/sharing.py."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = CountFiles(folder)
        self._lock = Lock()

    def admissions(self, metric: str) -> Turn:
        """How the workers admit the label sets of that metric together."""
        return Journal(self._folder / f"{metric}.journal").turn

    def merge_dead(self) -> None:
        """Merge the files of dead workers and drop their gauges; call it when a worker died."""
        torn = self._files.merge_dead()
        if torn:
            get_metrics().torn.inc(torn)

    def expose(self, encode: Encode, content_type: str) -> bytes:
        """What the files hold, and then what this worker has that is kept in none."""
        with self._lock:
            written = self._written(encode, _known_lines(content_type))
        texts: list[str] = []
        for (_, head), places in groupby(sorted(written), itemgetter(0, 1)):
            texts.append(head)
            for place in places:
                texts += written[place]
        own = _Families(_own({name for name, _, _ in written}))
        return "".join(texts).encode() + encode(own)

    def _written(self, encode: Encode, known: dict[str, Line]) -> dict[Place, list[str]]:
        held = self._files.read()
        if any(content.file.dead for content in held if not content.whole):
            self.merge_dead()
            held = self._files.read()
        lines: dict[str, Line] = {}
        written: dict[Place, list[str]] = {}
        counts: dict[Place, float] = {}
        for kind, contents in groupby(held, attrgetter("file.kind")):
            for key, (value, _) in combined(kind, contents):
                lines[key] = line = known.get(key) or _line(encode, kind, key)
                place, is_bucket, samples = line
                shown = value
                if is_bucket:  # a process files them in the order of their bounds
                    shown = counts[place] = counts.get(place, 0.0) + value
                text = _text_of(shown)
                texts = written.setdefault(place, [])
                for sample in samples:
                    texts.append(f"{sample}{text}\n")
        known.clear()
        known.update(lines)
        return written


class _Families(NamedTuple):
    families: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


def _own(shown: set[str]) -> Iterator[Metric]:
    """What no file holds: the processes, the platform, and what this worker says for itself.

    That are info and enum metrics, and what collectors made elsewhere compute.
    """
    collectors: list[Any] = [ProcessesCollector(), PlatformCollector(registry=None)]
    collectors += registry.active.made_elsewhere
    for group, instance in registry.active.groups.items():
        facts = [name for name, one in group.declared.items() if one.kind in ("info", "enum")]
        collectors += [getattr(instance, name) for name in facts]
    for collector in collectors:
        for family in collector.collect():
            if family.name not in shown:
                shown.add(family.name)
                yield family


@lru_cache(maxsize=8)  # a part of it, the version, is what the client asked for
def _known_lines(content_type: str) -> dict[str, Line]:
    return {}


def _line(encode: Encode, kind: str, key: str) -> Line:
    """Have prometheus_client write the sample once, and keep all but its value."""
    name, sample, labels, text = json.loads(key)
    metric = Metric(name, text, kind.partition("_")[0])
    metric.add_sample(sample, dict(labels), 0.0)
    bound, together = None, ""
    if kind == "histogram":
        bound, together = labels.pop("le", None), str(labels)
    if bound == "+Inf":
        metric.add_sample(f"{name}_count", labels, 0.0)
    written = encode(_Families([metric])).decode().removesuffix("# EOF\n").removesuffix("\n")
    about, of_type, *samples = written.split("\n")
    place = (intern(name), intern(f"{about}\n{of_type}\n"), intern(together))
    return Line(place, bound is not None, tuple(one.removesuffix("0.0") for one in samples))
