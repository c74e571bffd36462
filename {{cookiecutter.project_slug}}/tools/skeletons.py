"""Writes a new component with its test from the skeleton beside this file."""

import keyword
import re
from collections.abc import Collection
from pathlib import Path
from string import Template

SKELETON = Path(__file__).with_name("skeleton")
LONGEST = 40


def write(name: str, package: Path, tests: Path, taken: Collection[str]) -> list[Path]:
    """Write the files of a component of that name, and return them.

    Args:
        name: of the component, its folder and its route: lower-case letters and underscores, as metrics have them.
        package: where components are.
        tests: where the folders of their tests are.
        taken: the names that components have.

    Raises:
        ValueError: the name will not do; the message says what would. Nothing was written.
    """
    if not re.fullmatch(r"[a-z][a-z_]*[a-z]", name) or len(name) > LONGEST:
        raise ValueError(f"NAME={name!r}: give lower-case letters and _, like NAME=orders")
    folders = {"component": package / name, "tests": tests / name}
    if keyword.iskeyword(name):
        raise ValueError(f"NAME={name}: Python keeps that word for itself, choose another one")
    places = [*folders.values(), package / f"{name}.py"]
    if name in taken or any(place.exists() for place in places):
        raise ValueError(f"NAME={name}: that name is taken, choose another one")
    words = {"name": name, "Name": name.title().replace("_", "")}
    written = []
    for source in sorted(SKELETON.rglob("*.txt")):
        folder = folders[source.parent.name]
        folder.mkdir(exist_ok=True)
        target = folder / Template(source.stem).substitute(words)
        text = Template(source.read_text(encoding="utf-8")).substitute(words)
        target.write_text(text, encoding="utf-8")
        written.append(target)
    return written
