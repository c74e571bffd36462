"""The metrics of the service as a whole: what runs here, and how its checks went."""

from ..metrics import Gauge, Histogram, Info, MetricGroup, bounded_by, getter

_CHECK = {"check": bounded_by("the health checks of the service")}


class ApplicationMetrics(MetricGroup, component="health"):
    """What runs, for joins in queries and to see a roll-out; and the health checks."""

    application = Info("application", "Name and version of the service.")
    check_status = Gauge(
        "health_check_status",
        "Whether the check succeeded when it was last run: 1, else 0; one worker's 0 is shown.",
        _CHECK,
        multiprocess="livemin",
    )
    check_duration = Histogram(
        "health_check_duration_seconds", "Time that a run of the check took, or was given.", _CHECK
    )
    shutting_down = Gauge(
        "application_shutting_down",
        "Whether the signal to stop has come: 1 from then on, else 0.",
        multiprocess="livemax",
    )
    shutdown_duration = Gauge(
        "graceful_shutdown_duration_seconds",
        "Time since the signal to stop, as the last scrapes see it; 0 before.",
        multiprocess="livemax",
    )
    active_at_shutdown = Gauge(
        "active_tasks_at_shutdown",
        "Requests under way when the signal to stop came.",
        multiprocess="livesum",
    )


get_metrics = getter(ApplicationMetrics)
