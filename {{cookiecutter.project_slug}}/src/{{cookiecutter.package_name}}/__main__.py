"""The command line of the service: `python -m` this package, with `--help` for what it can do."""

import sys
from collections.abc import Sequence

from .platform.core import command_line
from .platform.core.config import ServiceSettings, SettingsError, load
from .platform.workers import directory


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the process's exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if list(arguments[:1]) == ["serve"]:
            _prepare_for_workers()
    except SettingsError as error:
        print(f"These settings are wrong:\n{error}", file=sys.stderr)
        return 2
    return command_line.main(arguments)


def _prepare_for_workers() -> None:
    """Before a component is imported: with it comes prometheus_client, which chooses its storage."""
    try:
        settings = load(ServiceSettings)
    except SettingsError:
        return  # reported later, with everything else that is wrong
    directory.prepare(several_processes=settings.workers > 1 or settings.max_requests > 0)


if __name__ == "__main__":
    sys.exit(main())
