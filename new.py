"""Runs cookiecutter for `make new`: what stops it is told in plain words; a refused answer leaves no folder behind."""

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
    if isinstance(error, OSError):
        return f"the service cannot be written: {error}"
    return f"an answer that contains Jinja cannot be used, write plain text: {error}"


def run(template: str, output: Path, arguments: list[str]) -> None:
    """Generate into a folder, or end with one message and without the folders that were made for it."""
    logging.getLogger("cookiecutter.hooks").setLevel(logging.CRITICAL)  # the hook itself said what is wrong
    missing = [folder for folder in (output, *output.parents) if not folder.exists()]
    before = set(output.glob("*/"))
    end: str | int | None = None
    try:
        main([template, "--output-dir", str(output), *arguments], prog_name="make new")
    except SystemExit as reason:
        end = reason.code
    except (TemplateSyntaxError, UndefinedError, ValueError, OSError) as error:
        end = plain(error)
    with contextlib.suppress(OSError):  # what holds a project stays
        for folder in missing:
            folder.rmdir()
    if end:  # Ctrl-C, or a full disk
        for folder in sorted(set(output.glob("*/")) - before):
            print(f"{folder} may be incomplete: remove it before you try again", file=sys.stderr)
    sys.exit(end)


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
