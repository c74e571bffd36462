"""Django's commands do what they do everywhere."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

PRODUCTION = {"ENVIRONMENT": "production", "SECRET_KEY": "0123456789abcdef" * 4}


@pytest.fixture
def manage(request, database):
    """Run a command of manage.py on the database of this test."""

    def run(*arguments: str, code: int = 0, **variables: str) -> str:
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=request.config.rootpath,
            env={**os.environ, "DATABASE_URL": database, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ran.returncode == code, ran.stdout
        return ran.stdout

    return run


def test_a_deployment_has_nothing_to_mend(manage):
    printed = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert printed == "System check identified no issues (2 silenced).\n"


def test_the_migrations_are_there_and_applied(manage):
    assert manage("makemigrations", "--check") == "No changes detected\n"
    assert "No migrations to apply." in manage("migrate")


def test_a_superuser_is_made_and_the_shell_finds_it(manage):
    manage(
        *("createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.org"),
        DJANGO_SUPERUSER_PASSWORD="correct horse battery staple",
    )
    user = "from django.contrib.auth.models import User; print(User.objects.get().check_password"
    assert manage("shell", "-c", f"{user}('correct horse battery staple'))").endswith("True\n")


def test_wrong_settings_are_one_message_and_what_is_misspelt_is_warned_of(manage):
    wrong = {"PORT": "eighty", "COLLECT_HTTP_METRICS": "x", "METRCS_ENABLED": "1"}
    warning, title, *lines = manage("check", code=2, **wrong).splitlines()
    assert warning.startswith("METRCS_ENABLED is no setting and is not read: did you mean ")
    assert title == "These settings are wrong:"
    assert [line.partition(":")[0] for line in lines] == ["PORT", "COLLECT_HTTP_METRICS"]


@pytest.mark.parametrize("debug", ["true", "false"])
def test_the_development_server_counts_requests_as_serve_does(request, database, debug):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    variables = {"DATABASE_URL": database, "ENVIRONMENT": "development", "DEBUG": debug}
    with subprocess.Popen(
        [sys.executable, "manage.py", "runserver", address],
        cwd=request.config.rootpath,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    ) as server:
        try:
            assert ask(f"http://{address}/readyz") == 200
            assert ask(f"http://{address}/api/nothing") == 404
            assert ask(f"http://{address}/static/admin/css/base.css") == 200
            with urlopen(f"http://{address}/metrics") as answer:
                scraped = answer.read().decode()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            printed = server.communicate()[0]
    assert "Traceback" not in printed
    counted = re.findall(r"^http_requests_total\{(.*)\} (.*)$", scraped, re.MULTILINE)
    assert sorted(counted) == [
        ('endpoint="unmatched",method="GET",status="200"', "1.0"),
        ('endpoint="unmatched",method="GET",status="404"', "1.0"),
    ]


def ask(url: str) -> int:
    """The status of the answer, once there is one."""
    until = time.monotonic() + 30
    while True:
        try:
            with urlopen(url) as answer:
                answer.read()  # who does not has left
                return answer.status
        except HTTPError as error:
            error.close()
            return error.code
        except URLError:
            assert time.monotonic() < until
            time.sleep(0.1)
