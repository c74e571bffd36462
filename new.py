"""Runs cookiecutter for `make new`, with a refused answer in plain words instead of a traceback."""

import logging
import re
import sys

from cookiecutter.cli import main
from jinja2 import TemplateSyntaxError, UndefinedError


def plain(error: Exception) -> str:
    """Return what an error means for the one who answered."""
    if refusal := re.search(r"has no attribute ['\"](project_slug must .*)['\"]", str(error), re.DOTALL):
        return refusal[1]
    if isinstance(error, ValueError):
        return str(error)
    return f"an answer that contains Jinja cannot be used, write plain text: {error}"


def run() -> None:
    """Generate, or end with one message."""
    logging.getLogger("cookiecutter.hooks").setLevel(logging.CRITICAL)  # the hook itself said what is wrong
    try:
        main(prog_name="make new")
    except (TemplateSyntaxError, UndefinedError, ValueError) as error:
        sys.exit(plain(error))


if __name__ == "__main__":
    run()
