"""Serves for development: anew whenever a file changes, with the framework's page for errors."""

import os
import sys

from {{ cookiecutter.package_name }}.platform.core import (
    ServiceSettings,
    SettingsError,
    load,
)
from {{ cookiecutter.package_name }}.platform.core.components import discover
from {{ cookiecutter.package_name }}.platform.web.server import FIRST_PAGE

from .reloading import command


def main() -> None:
    """Bring an embedded database up to date, and become the framework's development server."""
    settings = load(ServiceSettings)
    if settings.environment == "production":
        raise SettingsError("ENVIRONMENT: is production; this server is for development only")
    print(f"http://{settings.host}:{settings.port}{FIRST_PAGE}", flush=True)
    for component in discover():
        component.prepare()
    command_line = [sys.executable, "-m", *command(settings.host, str(settings.port))]
    os.execv(sys.executable, command_line)  # noqa: S606 - this process is not needed any more


if __name__ == "__main__":
    try:
        main()
    except SettingsError as wrong:
        sys.exit(f"These settings are wrong:\n{wrong}")
