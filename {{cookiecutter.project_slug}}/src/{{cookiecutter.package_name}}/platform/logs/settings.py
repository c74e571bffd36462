"""The settings of logs: a line per request, and Sentry."""

from importlib.util import find_spec

from pydantic import SecretStr, field_validator

from ..core.config import Settings


class LogSettings(Settings):
    """What is logged beside what goes wrong."""

    access_log: bool | None = None
    """Log each request at INFO: method, route, status, milliseconds; unset, only in development."""
    sentry_dsn: SecretStr = SecretStr("")
    """Where errors are sent as well; needs the package sentry-sdk."""

    @field_validator("sentry_dsn")
    @classmethod
    def _has_its_package(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and find_spec("sentry_sdk") is None:
            raise ValueError("needs a package that is not installed: run `uv add sentry-sdk`")
        return value
