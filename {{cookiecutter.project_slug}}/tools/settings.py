"""The reference of the settings: one page per component, and the check of `.env.example`."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from {{ cookiecutter.package_name }}.platform.core import SecretUrl, Settings

TYPES = {bool: "`true` or `false`", int: "integer", float: "number", str: "text"}
LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}  # annotated_types


def pages(owners: Mapping[type[Settings], str]) -> dict[str, str]:
    """The Markdown page of each component: its variables with type, default and meaning."""
    return {
        name: _page(name, [settings for settings, owner in owners.items() if owner == name])
        for name in owners.values()
    }


def example_problems(text: str, classes: Iterable[type[Settings]]) -> list[str]:
    """What a `.env.example` says that the classes do not; it may leave variables out."""
    defaults = {
        name.upper(): _default(field)
        for settings in classes
        for name, field in settings.model_fields.items()
    }
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        name, given, value = line.partition("=")
        if line.startswith("#") or not given:
            continue
        if name not in defaults:
            found.append(f"line {number}: no settings class has {name}: delete the line")
        elif value != defaults[name]:
            found.append(f"line {number}: the default is {name}={defaults[name]}")
    return found


def _page(owner: str, classes: list[type[Settings]]) -> str:
    rows = [
        f"| `{name.upper()}` | {_type(field)} | {_shown(field)} | {_cell(field.description or '')} |"
        for settings in classes
        for name, field in settings.model_fields.items()
    ]
    head = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"# Settings of `{owner}`\n", *head, *rows, ""])


def _type(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if type(None) in get_args(kind):  # a setting without a default of its own
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        return _cell(" or ".join(f"`{value}`" for value in get_args(kind)))
    if kind in {SecretStr, SecretUrl}:
        return "text, secret"
    limits = ", ".join(
        f"{words} {getattr(limit, name):g}"
        for limit in field.metadata
        for name, words in LIMITS.items()
        if hasattr(limit, name)
    )
    name = TYPES.get(kind) or f"`{getattr(kind, '__name__', kind)}`"
    return _cell(", ".join(filter(None, (name, limits))))


def _default(field: FieldInfo) -> str:
    default = field.default
    if default is PydanticUndefined or default is None:
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return str(default).lower() if isinstance(default, bool) else str(default)


def _shown(field: FieldInfo) -> str:
    default = _default(field)
    return f"`{default}`" if default else "none"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "&#124;")
