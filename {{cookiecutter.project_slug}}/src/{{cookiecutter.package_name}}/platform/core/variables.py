"""What is given from outside: variables, in the environment or `.env`, and secrets in files."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from .limits import PerMinute

ENV_FILE = "ENV_FILE"
logging.getLogger("dotenv.main").addFilter(PerMinute().passes)  # of a line that is none, each time

Variables = Mapping[str, tuple[str, str]]  # in capitals: the value, and where it comes from


class SettingsError(Exception):
    """One or more settings are wrong; the message lists each and never shows a value."""


def env_file() -> Path | None:
    """The file that ENV_FILE names, or else `.env` if it is there; one that can be read."""
    named = os.environ.get(ENV_FILE)
    file = Path(named or ".env")
    if named == os.devnull or not (named or os.path.lexists(file)):
        return None
    if file.is_fifo():
        raise SettingsError(f"{ENV_FILE}: {file} is a pipe: it is read several times, name a file")
    _read(ENV_FILE, file)
    return file


def given() -> Variables:
    """Those that are not empty, in the environment or else in that file."""
    file = env_file()
    lines = dotenv_values(file or os.devnull)
    sources = ((lines, str(file)), (os.environ, "environment"))
    return {
        name.upper(): (value, source)
        for values, source in sources
        for name, value in values.items()
        if value
    }


def file_variable(name: str, field: FieldInfo) -> str:
    """`SECRET_KEY_FILE`, which names the file of SECRET_KEY; empty for what is no secret."""
    kinds = (field.annotation, *get_args(field.annotation))
    secret = any(isinstance(kind, type) and issubclass(kind, SecretStr) for kind in kinds)
    return f"{name}_FILE".upper() if secret else ""


def origin(name: str, field: FieldInfo, variables: Variables) -> str:
    """Where the value of this setting comes from, for people."""
    if (variable := file_variable(name, field)) in variables:
        return variables[variable][0]
    return variables.get(name.upper(), ("", "default"))[1]


def read_secrets(
    fields: Mapping[str, FieldInfo], variables: Variables
) -> tuple[dict[str, Any], dict[str, str]]:
    """The secrets that are in files, and what is wrong with such a file, by the variable."""
    secrets: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, field in fields.items():
        if (variable := file_variable(name, field)) in variables:
            plain, path = name.upper(), variables[variable][0]
            try:
                secrets[name] = _read(variable, Path(path)).strip()
            except SettingsError as error:
                problems[plain] = str(error)
            else:
                if plain in variables:
                    problems[plain] = f"{variable}: {plain} is set as well: unset one of them"
                elif not secrets[name]:
                    problems[plain] = f"{variable}: {path} is empty: write the secret into it"
    return secrets, problems


def _read(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text in UTF-8"
        raise SettingsError(f"{variable}: {path} cannot be read: {reason}") from None
