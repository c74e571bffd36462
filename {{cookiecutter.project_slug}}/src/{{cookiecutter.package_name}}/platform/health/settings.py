"""The health settings: how checks are run, and who sees the details."""

from typing import Literal

from pydantic import Field, SecretStr

from ..core.config import Settings


class HealthSettings(Settings):
    """How dependencies are probed, and what is told to whom."""

    health_check_timeout_seconds: float = Field(0.8, gt=0, le=10)
    """A check that takes longer has failed; in seconds."""
    health_cache_seconds: float = Field(2.0, ge=0, le=60)
    """How long the results of the checks are reused; in seconds."""
    health_details: Literal["always", "authorized", "never"] | None = None
    """Who sees more of `/health` and `/readyz` than the status: everybody, who sends
    OPERATIONS_TOKEN, or nobody; unless set, `authorized` in production and `always` elsewhere."""
    operations_token: SecretStr = Field(
        SecretStr(""), json_schema_extra={"empty": "/metrics is open"}
    )
    """Bearer token for `/metrics` and the details of `/health`; without one `/metrics` is open."""
