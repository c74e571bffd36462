"""Runs cookiecutter for `make new`: a refused answer is told in plain words, and leaves no folder behind."""

import contextlib
import logging
import re
import sys
from pathlib import Path

from cookiecutter.cli import main
from jinja2 import TemplateSyntaxError, UndefinedError


def plain(error: Exception) -> str:
    """Return what an error means for the one who answered."""
    if refusal := re.search(r"has no attribute ['\"](project_slug must .*)['\"]", str(error), re.DOTALL):
        return refusal[1]
    if isinstance(error, ValueError):
        return str(error)
    return f"an answer that contains Jinja cannot be used, write plain text: {error}"


def run(template: str, output: Path, arguments: list[str]) -> None:
    """Generate into a folder, or end with one message and without the folders that were made for it."""
    logging.getLogger("cookiecutter.hooks").setLevel(logging.CRITICAL)  # the hook itself said what is wrong
    missing = [folder for folder in (output, *output.parents) if not folder.exists()]
    try:
        main([template, "--output-dir", str(output), *arguments], prog_name="make new")
    except (TemplateSyntaxError, UndefinedError, ValueError) as error:
        sys.exit(plain(error))
    finally:
        with contextlib.suppress(OSError):  # what holds a project stays
            for folder in missing:
                folder.rmdir()


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
