"""Tells the hooks where the template is: they run in the project's folder, and read the options from the template's.

A process that renders two versions of the template, as `cruft update` does, imports this once: it has to suit both.
"""

import os

from jinja2 import Environment
from jinja2.ext import Extension


class TemplateFolder(Extension):
    """Cookiecutter renders a hook in the template's folder, so that is where the process is at that moment."""

    def __init__(self, environment: Environment) -> None:
        """Give the environment that renders a hook a function of that name."""
        super().__init__(environment)
        environment.globals["template_folder"] = os.getcwd
