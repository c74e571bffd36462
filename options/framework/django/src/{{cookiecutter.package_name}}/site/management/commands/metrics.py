"""`manage.py metrics`: the same as `metrics` of the service's own command line."""

from argparse import REMAINDER

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ....__main__ import main


class Command(BaseCommand):
    """Passes its arguments on."""

    help = "The declared metrics: `manage.py metrics -- --help` lists what can be done with them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take any."""
        parser.add_argument("arguments", nargs=REMAINDER)

    def handle(self, *, arguments: list[str], **options: object) -> None:
        """Run the command.

        Raises:
            CommandError: it failed, with its exit code.
        """
        code = main(["metrics", *arguments])
        if code:
            raise CommandError("metrics failed", returncode=code)
