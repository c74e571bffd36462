"""Refuses, before the first question, what Cookiecutter takes without a word: wrong questions, options that harm."""

import difflib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from jinja2 import Environment
from jinja2.ext import Extension


def refusals(given: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with the names of the given answers."""
    everything = json.loads(Path(__file__).with_name("cookiecutter.json").read_text(encoding="utf-8"))
    questions = [name for name in everything if not name.startswith("_")]
    for name in given:
        if name not in questions:
            near = difflib.get_close_matches(name, questions, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the questions are {', '.join(questions)}"
            yield f"{name} is no question; {hint}"


# Options of Cookiecutter by which a service would be incomplete, or somebody's files be lost.
HARMFUL = {
    ("accept_hooks", "no"): "--accept-hooks no leaves half a service: the hooks write what was chosen",
    ("skip_if_file_exists", True): (
        "--skip-if-file-exists keeps no file: Cookiecutter copies over them; generate elsewhere, and move from there"
    ),
}


class KnownQuestions(Extension):
    """Cookiecutter makes an environment before it asks; what was given, only its command line still knows then."""

    def __init__(self, environment: Environment) -> None:
        """Look at the command that runs.

        Raises:
            click.ClickException: it gives an answer to a question that is none, or an option that harms.

        """
        super().__init__(environment)
        command = click.get_current_context(silent=True)  # nobody runs a command where Cookiecutter is a library
        options = command.params if command else {}
        wrong = [message for (name, value), message in HARMFUL.items() if options.get(name) == value]
        given = options.get("extra_context")
        if isinstance(given, dict):
            wrong += refusals(given)
        if wrong:
            raise click.ClickException("\n".join(wrong))
