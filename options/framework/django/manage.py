"""Django's own commands, and `metrics`: `python manage.py help` lists them."""

import sys

from django.core.management import execute_from_command_line

from {{ cookiecutter.package_name }}.platform.web.app import create_app

if __name__ == "__main__":
    create_app()
    execute_from_command_line(sys.argv)
