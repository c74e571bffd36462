"""The reference of the settings and `.env.example` say what the classes say."""

from typing import Literal

import pytest
from pydantic import Field, SecretStr
from tools.__main__ import main
from tools.settings import example_problems, pages

from {{ cookiecutter.package_name }}.platform.core import SecretUrl, ServiceSettings, Settings


class ExampleSettings(Settings):
    """One field of every kind."""

    flag: bool = Field(True, description="A flag.")
    number: int = Field(5, ge=1, le=9)
    """A number."""
    share: float = Field(0.5, gt=0, lt=1)
    """A share."""
    mode: Literal["slow", "fast"] = "slow"
    """This |
    that."""
    token: SecretStr = SecretStr("example-only")
    """A token."""
    place: SecretUrl = SecretUrl("redis://host")
    """A URL."""
    name: str = ""
    """A name."""
    owner: str
    """Who owns it."""


@pytest.fixture(autouse=True)
def _in_the_project(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)


def test_the_pages_and_the_example_of_this_service_are_up_to_date(capsys):
    assert main(["settings", "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_example_shows_every_variable_of_the_service_itself(request):
    lines = (request.config.rootpath / ".env.example").read_text().splitlines()
    shown = {line.partition("=")[0] for line in lines if "=" in line}
    assert shown >= {name.upper() for name in ServiceSettings.model_fields}


def test_a_page_has_type_default_and_meaning_of_every_variable():
    assert pages({ExampleSettings: "example"}) == {
        "example": "# Settings of `example`\n\n"
        "| variable | type | default | meaning |\n"
        "|---|---|---|---|\n"
        "| `FLAG` | `true` or `false` | `true` | A flag. |\n"
        "| `NUMBER` | integer, at least 1, at most 9 | `5` | A number. |\n"
        "| `SHARE` | number, above 0, below 1 | `0.5` | A share. |\n"
        "| `MODE` | `slow` or `fast` | `slow` | This &#124; that. |\n"
        "| `TOKEN` | text, secret | `example-only` | A token. |\n"
        "| `PLACE` | text, secret | `redis://host` | A URL. |\n"
        "| `NAME` | text | none | A name. |\n"
        "| `OWNER` | text | none | Who owns it. |\n"
    }


def test_a_line_of_the_example_that_is_wrong_is_named_with_what_is_right():
    text = "# A comment = none\n\nFLAG=true\nNUMBER=6\nGONE=1\nTOKEN=example-only\n"
    assert example_problems(text, [ExampleSettings]) == [
        "line 4: the default is NUMBER=5",
        "line 5: no settings class has GONE: delete the line",
    ]


def test_the_values_of_the_environment_never_reach_a_page(mock_env, tmp_path, monkeypatch, capsys):
    mock_env(SECRET_KEY="s3cret" * 6, DATABASE_URL="sqlite:///s3cret.db")
    monkeypatch.chdir(tmp_path)
    assert main(["settings", "--write"]) == 0
    written = [path.read_text() for path in tmp_path.rglob("*.md")]
    assert len(written) >= 3
    assert "s3cret" not in "".join(written) + capsys.readouterr().out


def test_a_stale_page_ends_with_code_1_and_the_command_that_renews_it(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    main(["settings", "--write"])
    (tmp_path / "docs/configuration/service.md").write_text("# Old\n")
    (tmp_path / ".env.example").write_text("PORT=80\n")
    capsys.readouterr()
    assert main(["settings", "--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs/configuration/service.md is stale: run `make metrics-docs`",
        ".env.example: line 1: the default is PORT=8000",
    ]
