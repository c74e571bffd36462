"""Brings what `jobs run` counted to Prometheus: by a text file, or by a Pushgateway."""

import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prometheus_client import Metric, pushadd_to_gateway, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from pydantic import field_validator

from ..core.about import about
from ..core.config import Settings, load
from ..metrics import registry
from .metrics import JobMetrics

log = logging.getLogger(__name__)

PUSH_SECONDS = 5.0  # how long a gateway may keep a job waiting, at its start and at its end
KEPT = JobMetrics.last_success.name  # from the file of an earlier run; a gateway keeps it itself


class JobsSettings(Settings):
    """How the metrics of a job, which nobody can scrape, reach Prometheus."""

    jobs_metrics: str = ""
    """Where `jobs run` leaves its metrics: the folder of a node exporter's textfile collector, or a
    Pushgateway, like `http://gateway:9091`; nowhere if empty."""

    @field_validator("jobs_metrics")
    @classmethod
    def _is_a_folder_or_a_gateway(cls, value: str) -> str:
        if ":" in value and not re.fullmatch(r"https?://[^/@\s]+(/[^@\s]*)?", value):
            raise ValueError("must be a folder, or a URL without a user, like http://gateway:9091")
        return value


class RunMetrics(Collector):
    """What this run counted, with labels by which no two services or jobs clash.

    What ends with the process is left out: gauges whose mode is `live…`, and the metrics of the
    interpreter, of which a node exporter has some itself.
    """

    def __init__(self, service: str, job: str, file: Path) -> None:
        self.labels = {"service": service, "job": job}
        self.file = file

    def collect(self) -> Iterable[Metric]:
        """The families that have a sample."""
        found = {}
        with suppress(OSError, ValueError):  # there is none yet, or it is none of ours
            before = text_string_to_metric_families(self.file.read_text(encoding="utf-8"))
            found = {family.name: family for family in before if family.name == KEPT}
        for component, declared, metric in list(registry.active.owners.values()):
            mode = getattr(declared, "options", {}).get("multiprocess_mode", "")
            if mode.startswith("live") and component != JobMetrics.component:
                continue
            for family in metric.collect():
                family.samples = [
                    sample._replace(labels={**self.labels, **sample.labels})
                    for sample in family.samples
                    if sample.labels.get("job") in (None, self.labels["job"])
                ]
                if family.samples:
                    found[family.name] = family
        return found.values()


def deliver(job: str) -> None:
    """Leave the metrics where JOBS_METRICS says; a failure is logged, and costs the job nothing."""
    target, service = load(JobsSettings).jobs_metrics, about().name
    file = Path(target) / f"{service}-{job}.prom"
    run = RunMetrics(service, job, file)
    try:
        if "://" in target:
            pushadd_to_gateway(target, job, run, {"service": service}, timeout=PUSH_SECONDS)
        elif target:
            write_to_textfile(str(file), run)
    except Exception as error:  # noqa: BLE001 - metrics are never in the way
        log.error("the metrics of %s did not get to %s: %r", job, target, error)  # noqa: TRY400 - it says all
