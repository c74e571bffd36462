"""The command line helps, masks secrets and refuses wrong settings with one message."""

import errno
import json
import os
import socket
import subprocess
import sys

import pytest

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.platform.core import SecretUrl, command_line, config
from {{ cookiecutter.package_name }}.platform.core.about import About
from {{ cookiecutter.package_name }}.platform.web.service import Service


@pytest.fixture
def run_service(database):
    """Run a command in a process of its own."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "{{ cookiecutter.package_name }}", *arguments],
            env={**os.environ, "DATABASE_URL": database, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for command in ("serve", "config", "db"):
        assert f"    {command} " in shown


@pytest.mark.parametrize("summary", ["50 % off", "%s and %d", "%(prog)s is 50 % off", "%(prog)"])
def test_help_shows_the_description_as_it_is(capsys, monkeypatch, summary):
    monkeypatch.setattr(command_line, "about", lambda: About("shop", "1.0", summary, "Shop"))
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert f"\nshop 1.0: {summary}\n" in capsys.readouterr().out


def test_the_settings_are_shown_with_where_they_come_from_and_secrets_masked(
    capsys, mock_env, tmp_path
):
    file = tmp_path / "local.env"
    file.write_text("HOST=192.0.2.1\nPORT=1\nLOG_LEVEL=\n")
    mock_env(
        ENV_FILE=str(file),
        SECRET_KEY="s3cret" * 6,
        PORT="9000",
        OPERATIONS_TOKEN="s3cret",
        log_format="json",
    )
    assert main(["config", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    shown = {line.split(maxsplit=1)[0]: line.split(maxsplit=1)[1].split() for line in lines}
    assert shown["PORT"] == ["9000", "environment"]
    assert shown["HOST"] == ["192.0.2.1", str(file)]
    assert shown["LOG_LEVEL"] == ["INFO", "default"]
    assert shown["LOG_FORMAT"] == ["json", "environment"]
    assert shown["SECRET_KEY"] == shown["OPERATIONS_TOKEN"] == ["**********", "environment"]
    assert shown["COLLECT_HTTP_METRICS"] == ["True", "default"]
    fitting = [line for line in lines if len(line) <= 100 and not line.endswith(str(file))]
    ends = {line.rstrip().rfind("  ") for line in fitting}
    assert len(ends) == 1  # the columns are aligned


@pytest.mark.parametrize("command", [("config", "show"), ("db", "upgrade"), ("config", "check")])
def test_a_reader_that_has_gone_gets_no_traceback(command, database):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing) as gone:
        ended = subprocess.run(
            [sys.executable, "-m", "{{ cookiecutter.package_name }}", *command],
            env={**os.environ, "DATABASE_URL": database},
            stdout=gone,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_a_command_without_standard_output_succeeds(database):
    command = f"{sys.executable} -m {{ cookiecutter.package_name }} config check >&-"
    env = {**os.environ, "DATABASE_URL": database}
    assert subprocess.run(["/bin/sh", "-c", command], env=env, check=False).returncode == 0


def test_a_pipe_that_breaks_elsewhere_is_a_traceback(monkeypatch):
    def fail(*of):
        raise BrokenPipeError

    monkeypatch.setattr(command_line, "_show_settings", fail)
    with pytest.raises(BrokenPipeError):
        main(["config", "show"])


def test_that_metrics_are_open_without_a_token_is_shown(capsys):
    assert main(["config", "show"]) == 0
    assert "OPERATIONS_TOKEN" in (shown := capsys.readouterr().out)
    assert "(empty: /metrics open)" in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///service.db", "sqlite:///service.db"),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
        ("postgresql://user:s3cret@host:5432/db", "postgresql://user:***@host:5432/db"),
        ("postgresql://user:s3c@ret/:x@host/db", "postgresql://user:***@host/db"),
        ("redis://:s3cret@host/0", "redis://:***@host/0"),
        (
            "postgresql://host/db?sslPassword=s3cret&user=me&password=s3cret",
            "postgresql://host/db?sslPassword=***&user=me&password=***",
        ),
    ],
)
def test_of_a_url_the_password_alone_is_hidden(url, shown):
    assert SecretUrl(url).shown() == shown
    assert "s3c" not in repr(SecretUrl(url))


def test_right_settings_are_one_line_and_code_0(capsys):
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out == "every setting is right\n"


def test_wrong_settings_are_listed_and_code_2_with_what_is_misspelt(capsys, caplog, mock_env):
    mock_env(PORT="eighty", LOG_FORMAT="xml", METRCS_ENABLED="1")
    assert main(["config", "check"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.partition(":")[0] for line in shown.err.splitlines() if ": " in line][-2:] == [
        "PORT",
        "LOG_FORMAT",
    ]
    assert "METRCS_ENABLED" in caplog.text + shown.err


def test_wrong_settings_end_with_code_2_and_one_message(capsys, mock_env):
    mock_env(PORT="eighty", LOG_FORMAT="xml")
    assert main(["config", "show"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("These settings are wrong:\nPORT: ")
    assert "LOG_FORMAT: " in shown.err


def test_a_wrong_command_ends_with_code_2(capsys):
    with pytest.raises(SystemExit) as left:
        main(["sevre"])
    assert left.value.code == 2
    assert "sevre" in capsys.readouterr().err


def test_a_command_without_its_action_ends_with_code_2(capsys):
    with pytest.raises(SystemExit) as left:
        main(["config"])
    assert left.value.code == 2
    assert "ACTION" in capsys.readouterr().err


def test_a_machine_without_ipv6_is_one_line(capsys, mock_env, monkeypatch):
    def refuse(family: int) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT), family)

    monkeypatch.setattr(socket, "socket", refuse)
    mock_env(HOST="::")
    with pytest.raises(SystemExit) as left:
        main(["serve"])
    assert left.value.code == 3
    [line] = capsys.readouterr().err.splitlines()
    assert "cannot listen on ::, port 8000: address family not supported" in line


def test_the_schema_is_upgraded_once(capsys, database):
    assert main(["db", "upgrade"]) == 0
    assert capsys.readouterr().out == "nothing to upgrade\n"


def test_what_is_not_read_is_warned_of_in_the_form_that_was_asked_for(run_service):
    ran = run_service(
        *("config", "show"),
        LOG_FORMAT="json",
        METRCS_ENABLED="1",
        PROMETHEUS_MULTIPROC_DIR="x",
        prometheus_multiproc_dir="y",
    )
    assert ran.returncode == 0
    assert {json.loads(line)["message"] for line in ran.stderr.splitlines()} == {
        "PROMETHEUS_MULTIPROC_DIR is not used: unset it",
        "prometheus_multiproc_dir is not used: unset it",
        "METRCS_ENABLED is no setting and is not read: did you mean METRICS_ENABLED?",
    }


def test_whoever_serves_the_application_is_told_what_is_misspelt_once(caplog, mock_env):
    mock_env(METRCS_ENABLED="1")
    Service()
    Service()
    [line] = [record.getMessage() for record in caplog.records if record.name == config.__name__]
    assert line == "METRCS_ENABLED is no setting and is not read: did you mean METRICS_ENABLED?"


def test_whoever_serves_the_application_is_told_everything_that_is_wrong(mock_env):
    mock_env(PORT="eighty", HEALTH_CACHE_SECONDS="x")
    with pytest.raises(config.SettingsError, match=r"^PORT: .*\nHEALTH_CACHE_SECONDS: .*$"):
        Service()


def test_a_pipe_in_place_of_the_env_file_is_refused(capsys, mock_env, tmp_path):
    os.mkfifo(tmp_path / "env")
    mock_env(ENV_FILE=str(tmp_path / "env"))
    assert main(["config", "check"]) == 2
    assert "env is a pipe: it is read several times, name a file" in capsys.readouterr().err


def test_an_env_file_that_is_a_link_to_nothing_is_refused(capsys, mock_env, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").symlink_to("gone")
    mock_env(ENV_FILE=None)
    assert main(["config", "check"]) == 2
    assert "ENV_FILE: .env cannot be read: No such file" in capsys.readouterr().err


def test_a_line_of_the_env_file_that_is_none_is_told_of_once(run_service, tmp_path):
    file = tmp_path / "env"
    file.write_text("PORT: 80\nHOST=192.0.2.1\n")
    ran = run_service("config", "check", ENV_FILE=str(file))
    assert ran.returncode == 0
    [line] = ran.stderr.splitlines()
    assert line.endswith("could not parse statement starting at line 1")
