"""A web service whose metrics are declared once, bounded, documented and tested."""

from functools import cache
from importlib.metadata import metadata, packages_distributions
from typing import NamedTuple


class About(NamedTuple):
    """What the installed distribution says of itself."""

    name: str
    version: str
    summary: str


@cache
def about() -> About:
    """The distribution's name, version and summary, as pyproject.toml has them.

    Raises:
        PackageNotFoundError: the package is on the path but not installed.
    """
    said = metadata(packages_distributions().get(__name__, [__name__])[0]).json
    return About(str(said["name"]), str(said["version"]), str(said.get("summary", "")))
