"""The metric of the files that workers count in."""

from ..metrics import Counter, MetricGroup, bound


class WorkerMetrics(MetricGroup, component="workers"):
    """What went wrong with the files that workers count in."""

    torn = Counter(
        "workers_torn_files_total",
        "Files of dead workers that ended within an entry; what came after the last whole one is lost.",
    )


def get_metrics() -> WorkerMetrics:
    """The metrics of the workers, bound to the current registry."""
    return bound(WorkerMetrics)
