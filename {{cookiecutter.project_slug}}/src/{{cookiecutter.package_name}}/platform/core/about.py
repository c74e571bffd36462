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
    """The distribution that brings this package's command, whatever either of them is called.

    Raises:
        RuntimeError: the package is on the path but not installed.
    """
    package = __name__.partition(".")[0]
    for command in entry_points(group="console_scripts"):
        if command.value == f"{package}.__main__:main" and command.dist is not None:
            known = command.dist.metadata.json
            name, version = str(known["name"]), str(known["version"])
            readme = str(known.get("description", ""))
            heading = readme.partition("\n")[0]
            title = heading[2:].strip() if heading.startswith("# ") else name
            return About(name, version, str(known.get("summary", "")), title)
    raise RuntimeError(f"{package} is not installed: run `make setup`, or `pip install .`")
