"""`manage.py` and pytest-django work as everywhere, beside what the service brings."""

import os
import subprocess
import sys


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
