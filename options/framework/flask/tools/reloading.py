"""How Flask serves with reload: its own development server."""

import logging

from flask import Flask

from {{ cookiecutter.package_name }}.app import create_app


def application() -> Flask:
    """The application; the service has its own line for each request."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    return create_app()


def command(host: str, port: str) -> list[str]:
    """The arguments of `python -m`."""
    application = "tools.reloading:application"
    return ["flask", "--app", application, "run", "--debug", "--host", host, "--port", port]
