"""The metric settings: one switch for all, one a component, and the bounds."""

from functools import cache
from typing import Any

from pydantic import Field, create_model

from ..core.config import Settings, load


class MetricsSettings(Settings):
    """What is collected, and how many series a process may make."""

    metrics_enabled: bool = Field(True, description="Collect metrics at all.")
    metrics_max_series: int = Field(
        1000, ge=1, description="Label sets of one metric; later ones are recorded as `_overflow`."
    )
    max_metrics_per_minute: int = Field(
        1000, ge=1, description="New label sets of all metrics in a minute; others are `_overflow`."
    )


@cache
def collection_switch(component: str) -> type[Settings]:
    """The settings class whose one field, `collect_<component>_metrics`, defaults to true."""
    field = Field(True, description=f"Collect the metrics of {component}.")
    fields: dict[str, Any] = {f"collect_{component}_metrics": (bool, field)}
    return create_model(f"{component.title()}MetricsSwitch", __base__=Settings, **fields)


def is_collected(component: str) -> bool:
    """Whether METRICS_ENABLED and COLLECT_<COMPONENT>_METRICS are both on."""
    if not load(MetricsSettings).metrics_enabled:
        return False
    return bool(getattr(load(collection_switch(component)), f"collect_{component}_metrics"))
