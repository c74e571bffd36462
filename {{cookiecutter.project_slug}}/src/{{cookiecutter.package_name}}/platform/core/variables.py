"""What is given from outside: variables, in the environment or `.env`, and secrets in files."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from .limits import PerMinute

ENV_FILE = "ENV_FILE"
logging.getLogger("dotenv.main").addFilter(PerMinute().passes)  # of a line that is none, each time

Variables = Mapping[str, tuple[str, str]]  # in capitals: the value, and where it comes from


class SettingsError(ValueError):
    """One or more settings are wrong; the message lists each and never shows a value."""


def env_file() -> Path:
    """The file that ENV_FILE names, or else `.env`, or an empty one; one that can be read."""
    usual = ".env" if os.path.lexists(".env") else os.devnull
    file = Path(os.environ.get(ENV_FILE) or usual)
    if file.is_fifo():
        raise SettingsError(f"{ENV_FILE}: {file} is a pipe: it is read several times, name a file")
    read(ENV_FILE, file)
    return file


def given() -> Variables:
    """Those that are not empty, in the environment or else in that file."""
    file = env_file()
    found = [(name, value, str(file)) for name, value in dotenv_values(file).items()]
    found += [(name, value, "environment") for name, value in os.environ.items()]
    return {name.upper(): (value, source) for name, value, source in found if value}


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


def read(variable: str, path: Path) -> str:
    """The text of the file that a variable names."""
    try:
        return path.read_text(encoding="utf-8-sig")  # as some editors begin it
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text in UTF-8"
        raise SettingsError(f"{variable}: {path} cannot be read: {reason}") from None
