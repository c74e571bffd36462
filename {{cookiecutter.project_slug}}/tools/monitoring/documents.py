"""Reads each file once in a run, so that every text and every mapping of YAML knows its place."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Self

import yaml


class Text(str):
    """A text, with the file and the line in which it stands."""

    __slots__ = ("line", "path")
    path: Path
    line: int

    def __new__(cls, value: str, path: Path, line: int) -> Self:
        """Make one for that place."""
        made = super().__new__(cls, value)
        made.path, made.line = path, line
        return made


class Entry(dict[Any, Any]):
    """A mapping of YAML, with the file and the line in which it begins."""

    path = Path()
    line = 1

    def at(self, key: str) -> "Text | Entry":
        """The place of a key, or else of the mapping."""
        return next((one for one in self if one == key), self)


class Lines(yaml.SafeLoader):
    """Makes an Entry of each mapping, a Text of each text, and nothing of what has its own tag."""


def _entry(loader: Lines, node: Any) -> Entry:
    loader.flatten_mapping(node)
    made = Entry()
    for key, value in loader.construct_pairs(node, deep=True):
        made.pop(key, None)  # what is merged has another place
        made[key] = value
    made.path, made.line = Path(node.start_mark.name), node.start_mark.line + 1
    return made


def text_of(node: Any) -> Text:
    """What stands there."""
    return Text(node.value, Path(node.start_mark.name), node.start_mark.line + 1)


Lines.add_constructor("tag:yaml.org,2002:map", _entry)
Lines.add_constructor("tag:yaml.org,2002:str", lambda _, node: text_of(node))
Lines.add_multi_constructor("!", lambda *_: None)  # GitLab's !reference


@cache
def read(path: Path, loader: type[Lines] = Lines) -> Any:
    """A file of YAML."""
    with path.open(encoding="utf-8") as stream:
        return yaml.load(stream, loader)  # noqa: S506 - derives from the safe one


@cache
def content(path: Path) -> list[Text]:
    """The lines of a file; none where it is missing."""
    found = path.read_text(encoding="utf-8").splitlines() if path.exists() else ()
    return [Text(line, path, number) for number, line in enumerate(found, 1)]


@cache
def lines(path: Path) -> list[Text]:
    """The lines of a file, without comments."""
    return [Text(re.sub(r"(^|\s)#.*", "", one), path, one.line) for one in content(path)]


def line_of(path: Path, wanted: str, begin: int = 1) -> int:
    """The number of the first line of a file from `begin` on with this text; else `begin`."""
    found = (line.line for line in content(path)[begin - 1 :] if wanted in line)
    return next(found, begin)
