"""What the installed distribution says about itself."""

import re
from functools import cache
from importlib.metadata import entry_points
from typing import NamedTuple


class About(NamedTuple):
    """Name, version and summary as pyproject.toml has them, and the title of the README."""

    name: str
    version: str
    summary: str
    title: str


@cache
def about() -> About:
    """The distribution that brings this package's command; RuntimeError if it is not installed."""
    package = __name__.partition(".")[0]
    commands = entry_points(group="console_scripts", value=f"{package}.__main__:main")
    if (known := next((one.dist.metadata.json for one in commands if one.dist), None)) is None:
        raise RuntimeError(f"{package} is not installed: run `make setup`, or `pip install .`")
    name, heading = str(known["name"]), re.match("# +(.*)", str(known.get("description", "")))
    title = re.sub(r"\\([^\w\s]|_)", r"\1", heading[1].strip()) if heading else name  # Markdown's
    return About(name, str(known["version"]), str(known.get("summary", "")), title)
