"""Typed settings: one class a component, read from the environment and from `.env`."""

import os
from collections.abc import Iterable
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only"  # noqa: S105 - refused in production


class Settings(BaseSettings):
    """Base of every settings class: a field `page_size` is the variable `PAGE_SIZE`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class SettingsError(Exception):
    """One or more settings are wrong; the message lists each and never shows a value."""


class ServiceSettings(Settings):
    """The service itself: where it listens, how it logs, what it signs with."""

    environment: Literal["development", "test", "production"] = Field(
        "development", description="Where the service runs; `production` refuses unsafe defaults."
    )
    secret_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        description="Signs what must not be forged; at least 32 characters in production.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; `0.0.0.0` is every one.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that serve; with one, scale by replicas instead.",
    )
    max_requests: int = Field(
        0,
        ge=0,
        description="Replace a worker after so many requests and up to a tenth more; 0 for never.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe level that is logged."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="`text` for people, `json` for log collectors."
    )

    @model_validator(mode="after")
    def _production_has_a_secret(self) -> Self:
        secret = self.secret_key.get_secret_value()
        if self.environment == "production" and (secret == DEVELOPMENT_SECRET or len(secret) < 32):
            raise ValueError(
                "SECRET_KEY must be set to at least 32 random characters in production, "
                "like the output of `openssl rand -hex 32`"
            )
        return self


S = TypeVar("S", bound=Settings)

_loaded: dict[type[Settings], Settings] = {}


def load(settings: type[S]) -> S:
    """The settings of that class, read once and kept until `forget`.

    The environment wins over the file that `ENV_FILE` names (`.env` unless set; empty for none).

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    known = _loaded.get(settings)
    if known is None:
        try:
            known = settings(_env_file=os.environ.get("ENV_FILE", ".env") or None)
        except ValidationError as error:
            raise SettingsError("\n".join(_problems(error))) from None
        _loaded[settings] = known
    return known  # type: ignore[return-value]  # the key is the type of the value


def load_all(classes: Iterable[type[Settings]]) -> None:
    """Load every class, so that a start fails with everything that is wrong in one message.

    Raises:
        SettingsError: lists the problems of all classes.
    """
    problems = []
    for settings in classes:
        try:
            load(settings)
        except SettingsError as error:
            problems.append(str(error))
    if problems:
        raise SettingsError("\n".join(problems))


def replace(settings: S) -> None:
    """Use this instance from now on, until `forget`."""
    _loaded[type(settings)] = settings


def forget() -> None:
    """Forget what was read, so that the next `load` reads the environment again."""
    _loaded.clear()


def _problems(error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_input=False, include_url=False):
        variable = "_".join(str(part) for part in problem["loc"]).upper()
        message = problem["msg"].removeprefix("Value error, ")
        yield f"{variable}: {message}" if variable else message
