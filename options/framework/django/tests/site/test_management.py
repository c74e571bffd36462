"""`manage.py` knows Django's commands and those of the service."""

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError

from {{ cookiecutter.package_name }}.web.app import create_app


def test_djangos_commands_see_the_components_and_their_migrations(request, database):
    ran = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--check"],
        cwd=request.config.rootpath,
        env={**os.environ, "DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_nothing_is_wrong_with_the_project():
    create_app()
    assert run_checks() == []


def test_a_metrics_command_that_fails_fails_with_its_code(monkeypatch):
    module = "{{ cookiecutter.package_name }}.site.management.commands.metrics"
    asked = []
    monkeypatch.setattr(f"{module}.main", lambda arguments: asked.append(arguments) or 3)
    with pytest.raises(CommandError) as raised:
        call_command("metrics", "lint", "--strict")
    assert raised.value.returncode == 3
    assert asked == [["metrics", "lint", "--strict"]]
