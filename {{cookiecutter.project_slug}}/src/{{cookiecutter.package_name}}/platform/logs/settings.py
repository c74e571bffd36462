"""The settings of logs: a line per request, and Sentry."""

from importlib.util import find_spec

from pydantic import Field, SecretStr, field_validator

from ..core.config import ServiceSettings, Settings, load


class LogSettings(Settings):
    """What is logged beside what goes wrong."""

    access_log: bool | None = Field(
        None,
        description="Log each request at INFO, by method, route, status and milliseconds; unset it "
        "is on in development only.",
    )
    sentry_dsn: SecretStr = Field(
        SecretStr(""), description="Where errors are sent as well; needs the package sentry-sdk."
    )

    @field_validator("sentry_dsn")
    @classmethod
    def _has_its_package(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and find_spec("sentry_sdk") is None:
            raise ValueError("needs a package that is not installed: run `uv add sentry-sdk`")
        return value

    @property
    def logs_requests(self) -> bool:
        """Whether each request is logged."""
        if self.access_log is None:
            return load(ServiceSettings).environment == "development"
        return self.access_log
