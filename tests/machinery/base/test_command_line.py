"""The command line helps, masks secrets and refuses wrong settings with one message."""

import json
import os
import subprocess
import sys

import pytest

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.platform.core import command_line, config
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


def test_the_settings_are_shown_with_secrets_masked(capsys, mock_env):
    mock_env(SECRET_KEY="s3cret" * 6, PORT="9000")
    assert main(["config", "show"]) == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert shown["PORT"] == "9000"
    assert shown["SECRET_KEY"] == shown["DATABASE_URL"] == "**********"
    assert shown["COLLECT_HTTP_METRICS"] == "True"


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


def test_the_schema_is_upgraded_once(capsys, database):
    assert main(["db", "upgrade"]) == 0
    assert capsys.readouterr().out == "nothing to upgrade\n"


def test_what_is_not_read_is_warned_of_in_the_form_that_was_asked_for(run_service):
    ran = run_service(
        *("config", "show"), LOG_FORMAT="json", METRCS_ENABLED="1", PROMETHEUS_MULTIPROC_DIR="x"
    )
    assert ran.returncode == 0
    assert {json.loads(line)["message"] for line in ran.stderr.splitlines()} == {
        "PROMETHEUS_MULTIPROC_DIR is not used: unset it",
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
