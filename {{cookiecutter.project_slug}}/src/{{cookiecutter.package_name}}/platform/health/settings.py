"""The health settings: how checks are run, and who sees the details."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from ..core.config import ServiceSettings, Settings, load


class HealthSettings(Settings):
    """How dependencies are probed, and what is told to whom."""

    health_check_timeout_seconds: float = Field(0.8, gt=0, le=10)
    """A check that takes longer has failed; in seconds."""
    health_cache_seconds: float = Field(2.0, ge=0, le=60)
    """How long the results of the checks are reused; in seconds."""
    health_details: Literal["always", "authorized", "never"] | None = None
    """Who gets more of `/health` and `/readyz` than the status; `authorized` is whoever sends
    OPERATIONS_TOKEN, and nobody without one. Unless set, `authorized` in production and `always`
    elsewhere."""
    operations_token: SecretStr = Field(
        SecretStr(""), json_schema_extra={"empty": "/metrics is open"}
    )
    """The bearer token for `/metrics` and the details of `/health`; without one, `/metrics` is open
    to everybody."""

    @field_validator("operations_token")
    @classmethod
    def _is_not_blank(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if token and not token.strip():
            raise ValueError("is blank: unset it, or give one like `openssl rand -hex 32` writes")
        return value

    @property
    def details(self) -> Literal["always", "authorized", "never"]:
        """Who gets the details."""
        production = load(ServiceSettings).environment == "production"
        return self.health_details or ("authorized" if production else "always")
