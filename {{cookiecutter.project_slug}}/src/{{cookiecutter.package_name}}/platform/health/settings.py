"""The health settings: how long a check may take, and how long its answer is good for."""

from pydantic import Field

from ..core.config import Settings


class HealthSettings(Settings):
    """How dependencies are probed."""

    health_check_timeout_seconds: float = Field(
        0.8, gt=0, le=10, description="A check that takes longer has failed; in seconds."
    )
    health_cache_seconds: float = Field(
        2.0, ge=0, le=60, description="How long the results of the checks are reused; in seconds."
    )
