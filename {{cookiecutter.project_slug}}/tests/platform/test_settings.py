"""Settings come from the environment and `.env`; wrong ones stop the start with one message."""

import pytest

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.platform.core.components import (
    collection_switch,
    discover,
    settings_of,
)
from {{ cookiecutter.package_name }}.platform.core.config import (
    ServiceSettings,
    SettingsError,
    load,
    load_all,
)
from {{ cookiecutter.package_name }}.platform.db.engine import DatabaseSettings
from {{ cookiecutter.package_name }}.platform.health.checks import HealthSettings
from {{ cookiecutter.package_name }}.platform.metrics.registry import (
    MetricsSettings,
    is_collected,
)

EVERY_FIELD = {
    field: settings for settings in settings_of(discover()) for field in settings.model_fields
}


def test_the_environment_wins_over_the_file(tmp_path, mock_env):
    file = tmp_path / "local.env"
    file.write_text("PORT=9001\nHOST=192.0.2.1\n")
    mock_env(ENV_FILE=str(file), PORT="9000")
    assert (load(ServiceSettings).host, load(ServiceSettings).port) == ("192.0.2.1", 9000)


def test_settings_are_read_once(mock_env, monkeypatch):
    before = load(ServiceSettings)
    monkeypatch.setenv("PORT", "9000")
    assert load(ServiceSettings) is before
    mock_env()
    assert load(ServiceSettings).port == 9000


def test_everything_wrong_is_listed_in_one_message_without_values(mock_env):
    mock_env(
        ENVIRONMENT="production",
        SECRET_KEY="s3cret",
        PORT="s3cret-port",
        LOG_LEVEL="s3cret-level",
        DATABASE_URL="mysql://user:s3cret@host/x",
        METRICS_MAX_SERIES="0",
        COLLECT_HTTP_METRICS="s3cret",
    )
    with pytest.raises(SettingsError) as raised:
        load_all([ServiceSettings, DatabaseSettings, MetricsSettings, collection_switch("http")])
    assert [line.partition(":")[0] for line in str(raised.value).splitlines()] == [
        "SECRET_KEY",
        "PORT",
        "LOG_LEVEL",
        "DATABASE_URL",
        "METRICS_MAX_SERIES",
        "COLLECT_HTTP_METRICS",
    ]
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("secret", [None, "", "development-only", "short"])
def test_production_refuses_a_missing_or_weak_secret_beside_whatever_else_is_wrong(
    mock_env, secret
):
    mock_env(ENVIRONMENT="production", SECRET_KEY=secret, PORT="eighty")
    with pytest.raises(SettingsError) as raised:
        load(ServiceSettings)
    secret_line, port_line = str(raised.value).splitlines()
    assert secret_line.startswith("SECRET_KEY: must be at least 32 random characters")
    assert port_line.startswith("PORT: ")


def test_an_empty_variable_is_one_that_is_not_set(mock_env):
    mock_env(**dict.fromkeys(field.upper() for field in EVERY_FIELD))
    usual = {field: load(settings) for field, settings in EVERY_FIELD.items()}
    mock_env(**dict.fromkeys((field.upper() for field in EVERY_FIELD), ""))
    assert {field: load(settings) for field, settings in EVERY_FIELD.items()} == usual


@pytest.mark.parametrize("content", [None, b"PORT=9000\n\xff"])
def test_a_file_that_is_named_and_cannot_be_read_stops_the_start(tmp_path, mock_env, content):
    file = tmp_path / "local.env"
    if content is not None:
        file.write_bytes(content)
    mock_env(ENV_FILE=str(file))
    with pytest.raises(SettingsError, match=r"^ENV_FILE: .*local\.env cannot be read: ") as raised:
        load_all([ServiceSettings, DatabaseSettings])
    assert len(str(raised.value).splitlines()) == 1


def test_a_secret_comes_from_the_file_that_its_variable_names(tmp_path, mock_env, capsys):
    token, key = tmp_path / "token", tmp_path / "key"
    token.write_bytes(b"\xef\xbb\xbfs3cret-token\r\n")  # as editors on Windows may write it
    key.write_text("s3cret" * 6)
    mock_env(OPERATIONS_TOKEN_FILE=str(token), SECRET_KEY_FILE=str(key), SECRET_KEY=None)
    assert load(HealthSettings).operations_token.get_secret_value() == "s3cret-token"
    assert load(ServiceSettings).secret_key.get_secret_value() == "s3cret" * 6
    assert main(["config", "show"]) == 0
    shown = capsys.readouterr().out
    lines = {line.split()[0]: line.split()[-1] for line in shown.splitlines()}
    assert (lines["OPERATIONS_TOKEN"], lines["SECRET_KEY"]) == (str(token), str(key))
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("content", "variables", "problem"),
    [
        (None, {}, "cannot be read: No such file or directory"),
        (b"\xff", {}, "cannot be read: it is not a text in UTF-8"),
        (b" \n", {}, "is empty: write the secret into it"),
        (b"one", {"SECRET_KEY": "two"}, "SECRET_KEY is set as well: unset one of them"),
    ],
)
def test_a_secret_without_its_file_is_one_problem_beside_whatever_else_is_wrong(
    tmp_path, mock_env, content, variables, problem
):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    named = {"SECRET_KEY": None, "SECRET_KEY_FILE": str(file), **variables}
    mock_env(ENVIRONMENT="production", PORT="eighty", **named)
    with pytest.raises(SettingsError) as raised:
        load(ServiceSettings)
    secret, port = str(raised.value).splitlines()
    assert secret.startswith("SECRET_KEY_FILE: ")
    assert secret.endswith(problem)
    assert port.startswith("PORT: ")


def test_a_variable_that_is_nearly_a_setting_is_named_with_what_it_was_meant_to_be(
    tmp_path, mock_env, caplog
):
    file = tmp_path / "local.env"
    file.write_text("DATABSE_URL=sqlite:///other.db\nPOSTGRES_PASSWORD=s3cret\n")
    mock_env(ENV_FILE=str(file), METRCS_ENABLED="false", HOSTNAME="example", PORT="9000")
    mock_env(SECRET_KEY_FLE="key", SECRET_KEY_FILE="", HOST_FILE="host")
    for _ in range(2):
        load_all(set(EVERY_FIELD.values()))
    assert caplog.messages == [
        "DATABSE_URL is no setting and is not read: did you mean DATABASE_URL?",
        "METRCS_ENABLED is no setting and is not read: did you mean METRICS_ENABLED?",
        "SECRET_KEY_FLE is no setting and is not read: did you mean SECRET_KEY_FILE?",
    ]


def test_production_takes_a_strong_secret(mock_env):
    mock_env(ENVIRONMENT="production", SECRET_KEY="5" * 32)
    assert load(ServiceSettings).environment == "production"


@pytest.mark.parametrize("url", ["nonsense", "postgres:", "sqlite", "mysql://s3cret@host/x"])
def test_a_wrong_database_url_says_what_is_right(mock_env, url):
    mock_env(DATABASE_URL=url)
    with pytest.raises(SettingsError, match=r"like sqlite:///ser") as raised:
        load(DatabaseSettings)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://s3cret.db", "sqlite://a:s3c/b"],
)
def test_a_sqlite_url_without_a_file_is_refused(mock_env, url):
    mock_env(DATABASE_URL=url)
    with pytest.raises(SettingsError, match=r"DATABASE_URL: .*, like sqlite:///service") as raised:
        load(DatabaseSettings)
    assert "s3c" not in str(raised.value)


def test_secrets_are_masked_when_shown(mock_env):
    mock_env(DATABASE_URL="sqlite:///s3cret.db")
    assert "s3cret" not in repr(load(DatabaseSettings))


@pytest.mark.parametrize(
    ("variables", "collected"),
    [
        ({}, True),
        ({"METRICS_ENABLED": "false"}, False),
        ({"COLLECT_HTTP_METRICS": "false"}, False),
        ({"COLLECT_DATABASE_METRICS": "false"}, True),
    ],
)
def test_metrics_are_switched_off_together_or_by_component(mock_env, variables, collected):
    mock_env(**variables)
    assert is_collected("http") is collected
