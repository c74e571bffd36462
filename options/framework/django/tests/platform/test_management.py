"""`manage.py` knows Django's commands and those of the service."""

import os
import subprocess
import sys

from django.core.checks import run_checks

from {{ cookiecutter.package_name }}.platform.web.app import create_app


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
