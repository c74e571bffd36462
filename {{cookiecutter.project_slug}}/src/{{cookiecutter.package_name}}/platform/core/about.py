"""What the installed distribution says about itself."""

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
    known = next((one.dist.metadata.json for one in commands if one.dist), None)
    if known is None:
        raise RuntimeError(f"{package} is not installed: run `make setup`, or `pip install .`")
    name, heading = str(known["name"]), str(known.get("description", "")).partition("\n")[0]
    title = heading[2:].strip() if heading.startswith("# ") else name
    return About(name, str(known["version"]), str(known.get("summary", "")), title)
