"""The settings of the metrics: the switch for all of them, and the bounds."""

from pydantic import Field

from ..core.components import collection_switch
from ..core.config import Settings, load


class MetricsSettings(Settings):
    """What is collected, and how many series clients may cause."""

    metrics_enabled: bool = True
    """Collect metrics at all."""
    metrics_max_series: int = Field(1000, ge=1)
    """Label sets of a metric with a `limited` label; more are `_overflow`."""
    max_metrics_per_minute: int = Field(1000, ge=1)
    """New ones of all such metrics in a minute; more are `_overflow`."""


def is_collected(component: str) -> bool:
    """Whether METRICS_ENABLED and COLLECT_<COMPONENT>_METRICS are both on."""
    switch = load(collection_switch(component))
    return load(MetricsSettings).metrics_enabled and getattr(switch, f"collect_{component}_metrics")
