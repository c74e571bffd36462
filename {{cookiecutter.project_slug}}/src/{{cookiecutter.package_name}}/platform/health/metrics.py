"""The metrics of the service as a whole: what runs here."""

from ..core.about import about
from ..metrics import Info, MetricGroup, bound, safe_metrics_operation


class ApplicationMetrics(MetricGroup, component="health"):
    """What runs, for joins in queries and to see a roll-out."""

    application = Info("application", "Name and version of the service.")


def get_metrics() -> ApplicationMetrics:
    """The metrics of the service, bound to the current registry."""
    return bound(ApplicationMetrics)


@safe_metrics_operation("health")
def record_build() -> None:
    """Say what runs."""
    service = about()
    get_metrics().application.info({"name": service.name, "version": service.version})
