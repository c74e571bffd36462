"""Typed settings: one class per component, read from the environment and from `.env`."""

import logging
import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .proxies import networks
from .variables import ENV_FILE, SettingsError, env_file, file_variable, given, read

log = logging.getLogger(__name__)
DEVELOPMENT_SECRET = "development-only"  # noqa: S105 - refused in production

# After the user, up to the last @, whatever is in it; or in a parameter, such as `sslpassword`.
_PASSWORD = re.compile(r"(?is)(?<=://)([^:/@]*:).*(?=@)|([?&][^=&]*password=)[^&]*")


class Settings(BaseSettings):
    """Base of every settings class: a field `page_size` is the variable `PAGE_SIZE`.

    The text under a field describes it. A variable that is empty counts as not set. A rule that
    looks at several fields belongs into the validator of the last of them: pydantic runs it even
    where other fields are wrong. A validator of the mode `before` does not see a secret's file.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _may_be_in_a_file(cls, value: object, info: ValidationInfo) -> object:
        name = str(info.field_name)
        variable = file_variable(name, cls.model_fields[name])
        if not variable:
            return value
        if isinstance(value, str) and value.isspace():
            raise ValueError("is blank: unset it, or give it a value")
        variables = given()
        if variable not in variables:
            return value
        path, _ = variables[variable]
        text = read(variable, Path(path)).strip()
        if name.upper() in variables:
            raise ValueError(f"{variable}: {name.upper()} is set as well: unset one of them")
        if not text:
            raise ValueError(f"{variable}: {path} is empty: write the secret into it")
        return text


class SecretUrl(SecretStr):
    """A URL of which `config show` hides the password alone; elsewhere all of it is hidden."""

    def shown(self) -> str:
        """For people, like `postgresql://user:***@host/db`."""
        return _PASSWORD.sub(r"\1\2***", self.get_secret_value())


class ServiceSettings(Settings):
    """The service itself: where it listens, how it logs, what it signs with."""

    environment: Literal["development", "test", "production"] = "development"
    """Where the service runs; `production` refuses unsafe defaults."""
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """Signs what must not be forged; at least 32 characters in production."""
    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` is every one."""
    port: int = Field(8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is logged."""
    log_format: Literal["text", "json"] = "text"
    """`text` for people, `json` for log collectors."""
    # AWS's Application Load Balancer keeps an idle connection for 60 seconds by default.
    keep_alive_seconds: int = Field(65, ge=1, le=3600)
    """How long an idle connection stays open, in seconds; longer than the load balancer's own."""
    shutdown_drain_seconds: float | None = Field(None, ge=0, le=300)
    """Seconds of service after SIGTERM, readiness being 503; unset: 5 in production, else 0."""
    shutdown_timeout_seconds: int = Field(20, ge=1, le=300)
    """How long requests under way may take after that, in seconds."""
    trusted_proxies: str = ""
    """Addresses or networks of the proxies in front, with commas between; only their
    X-Forwarded-For and X-Forwarded-Proto are believed."""

    @property
    def drain_seconds(self) -> float:
        """How long the drain takes, in seconds."""
        usual = 5.0 if self.environment == "production" else 0.0
        return usual if self.shutdown_drain_seconds is None else self.shutdown_drain_seconds

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        networks(value)
        return value

    @field_validator("secret_key")
    @classmethod
    def _production_has_a_secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        secret = value.get_secret_value()
        weak = secret == DEVELOPMENT_SECRET or len(secret.strip()) < 32
        if weak and info.data.get("environment") == "production":
            right = "like the output of `openssl rand -hex 32`"
            raise ValueError(f"must be at least 32 random characters in production, {right}")
        return value


S = TypeVar("S", bound=Settings)

_loaded: dict[type[Settings], Settings] = {}
_warned: set[str] = set()


def load(settings: type[S]) -> S:
    """The settings of that class, read once and kept until `forget`.

    The environment wins over the file that ENV_FILE names, which is `.env` unless set. A secret may
    be in a file of its own, which `<NAME>_FILE` names. SettingsError says what is missing or wrong.
    """
    known = _loaded.get(settings)
    if known is None:
        try:
            known = _loaded[settings] = settings(_env_file=env_file(), _env_file_encoding="utf-8")
        except ValidationError as error:
            problems = []
            for one in error.errors(include_input=False, include_url=False):
                variable = "_".join(map(str, one["loc"])).upper()
                text = one["msg"].removeprefix("Value error, ")
                problems.append(text if text.startswith(variable) else f"{variable}: {text}")
            raise SettingsError("\n".join(problems)) from None
    return known  # type: ignore[return-value]  # the key is the type of the value


def load_all(classes: Collection[type[Settings]]) -> None:
    """Load every class: one SettingsError says everything that is wrong.

    Variables that are nearly the name of a setting are warned of, once in a process and its workers.
    """
    problems: dict[str, None] = {}
    for name, near in misspelt(given().keys() - _warned, classes).items():
        log.warning("%s is no setting and is not read: did you mean %s?", name, near)
        _warned.add(name)
    for settings in classes:
        try:
            load(settings)
        except SettingsError as error:
            problems |= dict.fromkeys(str(error).splitlines())
    if problems:
        raise SettingsError("\n".join(problems))


def misspelt(names: Iterable[str], classes: Iterable[type[Settings]], *more: str) -> dict[str, str]:
    """The variables that nothing reads but that are nearly one that is read, or one of `more`."""
    fields = [field for settings in classes for field in settings.model_fields.items()]
    known = {name.upper() for name, _ in fields} | {file_variable(*field) for field in fields}
    known |= {ENV_FILE, *more}
    near = {name: get_close_matches(name, known, 1, 0.85) for name in sorted(set(names) - known)}
    return {name: found[0] for name, found in near.items() if found}


def forget() -> None:
    """Forget what was read, so that the next `load` reads the environment again."""
    _loaded.clear()
    _warned.clear()
