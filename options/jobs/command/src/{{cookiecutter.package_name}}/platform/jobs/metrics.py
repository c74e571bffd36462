"""The metrics of the jobs: runs and items by outcome, and when the last run began and succeeded."""

from ..metrics import Counter, Gauge, Histogram, MetricGroup, bounded_by, closed, getter

RUN_OUTCOMES = ("success", "error", "cancelled")
ITEM_OUTCOMES = ("success", "error", "skipped")

# Bucket bounds in seconds: what matters of a job is whether it outgrows its schedule, such as a
# minute, five, fifteen, an hour, six, or a day.
BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)

_JOB = {"job": bounded_by("the jobs of the code")}
_RUN = _JOB | {"outcome": closed(*RUN_OUTCOMES)}
_ITEM = _JOB | {"outcome": closed(*ITEM_OUTCOMES)}


class JobMetrics(MetricGroup, component="jobs"):
    """What jobs did; a run that was killed has no outcome, and stays in progress."""

    runs = Counter("job_runs_total", "Runs that ended; cancelled ones were told to.", _RUN)
    items = Counter("job_items_total", "Items that runs worked on, by how that ended.", _ITEM)
    duration = Histogram(
        "job_duration_seconds", "Time that runs took, however they ended.", _JOB, buckets=BUCKETS
    )
    in_progress = Gauge("job_in_progress", "Runs that did not end.", _JOB, multiprocess="livesum")
    last_start = Gauge(
        "job_last_start_timestamp_seconds", "When a run last began.", _JOB, multiprocess="max"
    )
    last_success = Gauge(
        "job_last_success_timestamp_seconds", "When a run last succeeded.", _JOB, multiprocess="max"
    )


get_metrics = getter(JobMetrics)
