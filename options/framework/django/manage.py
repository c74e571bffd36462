"""Django's own commands: `python manage.py help` lists them."""

import os
import sys

from django.core.management import execute_from_command_line

from {{ cookiecutter.package_name }}.platform.core import SettingsError

SETTINGS = "{{ cookiecutter.package_name }}.settings"

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    try:
        execute_from_command_line(sys.argv)
    except SettingsError as error:
        sys.stderr.write(f"These settings are wrong:\n{error}\n")
        sys.exit(2)
