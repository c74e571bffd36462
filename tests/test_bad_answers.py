"""A refused answer says what would be legal, ends non-zero, and leaves the output directory as it was."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from bakery import ROOT, Bakery, questions
from click.testing import CliRunner
from cookiecutter.cli import main

SLUG = "project_slug must be 1 to 63 lower-case letters, digits and single hyphens, starting with a letter"
PACKAGE = "package_name must be 1 to 40 lower-case ASCII letters, digits and single underscores"
LINE = "must be one line without control characters"
PLAIN = "must not contain {{ or {% or {#"
FREE = [name for name, default in questions().items() if isinstance(default, str)]


@dataclass(frozen=True)
class Outcome:
    """What a run of the command line came to."""

    exit_code: int
    printed: str


Attempt = Callable[..., Outcome]


@pytest.fixture
def attempt(bakery: Bakery, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Attempt:
    """Generate through the command line into a folder that is not empty, and compare the folder before and after."""
    output = tmp_path / "output"
    (output / "neighbour").mkdir(parents=True)
    (output / "neighbour" / "file").write_text("kept", encoding="utf-8")

    def listing() -> list[tuple[Path, bytes]]:
        return [(path, b"" if path.is_dir() else path.read_bytes()) for path in sorted(tmp_path.rglob("*"))]

    def run(*answers: str, typed: str | None = None) -> Outcome:
        before = listing()
        options = ["--config-file", str(bakery.config), "--output-dir", str(output)]
        asked = [] if typed is not None else ["--no-input"]
        result = CliRunner().invoke(main, [str(ROOT), *asked, *options, *answers], input=typed)
        assert listing() == before
        return Outcome(result.exit_code, f"{result.output}{result.exception}{capfd.readouterr().err}")

    return run


@pytest.mark.parametrize(
    "slug",
    [
        *("orders api", "orders/api", "..", "../orders", "", "a" * 200, "café", "9lives", "orders;id", "$(id)", "`id`"),
        *("Orders", "orders_api", "-orders", "orders-", "orders--api", "orders\n", "orders\x1b", "orders\\api", "a&b"),
    ],
)
def test_a_bad_slug_is_refused(attempt: Attempt, slug: str) -> None:
    outcome = attempt(f"project_slug={slug}")
    assert outcome.exit_code == 1
    assert SLUG in outcome.printed


def test_a_slug_that_is_an_absolute_path_is_refused(attempt: Attempt, tmp_path: Path) -> None:
    outcome = attempt(f"project_slug={tmp_path}/orders")
    assert outcome.exit_code == 1
    assert SLUG in outcome.printed


@pytest.mark.parametrize(
    ("slug", "says"),
    [
        ("class", "package_name must not be a Python keyword"),
        ("match", "package_name must not be a Python keyword"),
        ("json", "package_name must not be a module of the standard library"),
        ("test", "package_name must not be a module of the standard library"),
        ("tests", "package_name must not be a name that the project uses itself"),
        ("tools", "package_name must not be a name that the project uses itself"),
        ("sqlalchemy", "package_name must not be a library"),
        ("idna", "package_name must not be a library"),
    ],
)
def test_a_slug_whose_package_would_hide_something_is_refused(attempt: Attempt, slug: str, says: str) -> None:
    outcome = attempt(f"project_slug={slug}")
    assert outcome.exit_code == 1
    assert says in outcome.printed
    assert f'like "{slug}_service" (or a project_slug like "{slug}-service")' in outcome.printed


@pytest.mark.parametrize("slug", ["prometheus-client", "python", "idna", "pip"])
def test_a_slug_that_is_a_library_or_a_command_is_refused_whatever_the_package(attempt: Attempt, slug: str) -> None:
    outcome = attempt(f"project_slug={slug}", "package_name=metrics_service")
    assert outcome.exit_code == 1
    assert (
        f'project_slug must not be the name of a library or its command, use one like "{slug}-service"'
        in outcome.printed
    )


@pytest.mark.parametrize(
    "package", ["", "a" * 41, "Orders", "orders-api", "9lives", "_orders", "orders_", "a__b", "ordérs", "a/b"]
)
def test_a_bad_package_name_is_refused(attempt: Attempt, package: str) -> None:
    outcome = attempt(f"package_name={package}")
    assert outcome.exit_code == 1
    assert PACKAGE in outcome.printed


@pytest.mark.parametrize("answer", ["", " ", " padded", "padded ", "\u00a0padded", "a" * 201])
@pytest.mark.parametrize("question", ["project_name", "description", "author_name"])
def test_text_that_is_empty_padded_or_endless_is_refused(attempt: Attempt, question: str, answer: str) -> None:
    outcome = attempt(f"{question}={answer}", "project_slug=orders")
    assert outcome.exit_code == 1
    assert f"{question} must be 1 to " in outcome.printed


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.com", "ada@example", "a b@example.com", "<ada@example.com>"]
)
def test_a_bad_address_is_refused(attempt: Attempt, email: str) -> None:
    outcome = attempt(f"author_email={email}")
    assert outcome.exit_code == 1
    assert 'author_email must be an address like "ada@example.com"' in outcome.printed


@pytest.mark.parametrize("character", ["\n", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\udcff", "\uffff"], ids=ascii)
@pytest.mark.parametrize("question", [name for name in FREE if name != "project_slug"])
def test_control_characters_are_refused_in_every_answer(attempt: Attempt, question: str, character: str) -> None:
    outcome = attempt(f"{question}=one{character}two", "project_slug=orders")
    assert outcome.exit_code == 1
    assert f"{question} {LINE}" in outcome.printed


@pytest.mark.parametrize("text", ["{{ 'orders' }}", "{# gone #}orders", "{% raw %}orders{% endraw %}"])
@pytest.mark.parametrize("question", FREE)
def test_jinja_is_refused_though_cookiecutter_renders_it_away(attempt: Attempt, question: str, text: str) -> None:
    outcome = attempt(f"{question}={text}")
    assert outcome.exit_code == 1
    assert f"{question} {PLAIN}" in outcome.printed


@pytest.mark.parametrize("text", ["{{", "{%", "{{ nothing_of_that_name }}", "{% include 'README.md' %}"])
@pytest.mark.parametrize("question", FREE)
def test_jinja_that_cannot_be_rendered_is_refused_by_cookiecutter(attempt: Attempt, question: str, text: str) -> None:
    assert attempt(f"{question}={text}").exit_code == 1


@pytest.mark.parametrize("text", ["{{ 1 + 1 }}", "{{", "{%", "{#"])
def test_jinja_typed_at_a_question_is_refused(attempt: Attempt, text: str) -> None:
    outcome = attempt(typed=f"Orders API\n\n\n{text}\n" + "\n" * 9)
    assert outcome.exit_code == 1
    assert f"description {PLAIN}" in outcome.printed


def test_jinja_in_the_users_own_defaults_is_refused(attempt: Attempt, bakery: Bakery, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(bakery.config.read_text("utf-8") + 'default_context: {author_name: "{{ 6 * 7 }}"}\n', "utf-8")
    outcome = attempt("--config-file", str(config))
    assert outcome.exit_code == 1
    assert f"author_name {PLAIN}" in outcome.printed


def test_every_bad_answer_is_named_at_once(attempt: Attempt) -> None:
    outcome = attempt("project_name=", "project_slug=json", "author_email=nobody", "description=a\tb")
    assert outcome.exit_code == 1
    for expected in (
        "project_name must be 1 to 80",
        "package_name must not be",
        "author_email must be",
        f"description {LINE}",
    ):
        assert expected in outcome.printed


def test_an_answer_that_is_not_on_the_list_is_refused(attempt: Attempt) -> None:
    outcome = attempt("framework=cobol")
    assert outcome.exit_code == 1
    assert "cobol provided for choice variable framework, but the choices are ['fastapi'" in outcome.printed


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("framwork=flask", "framwork is no question; did you mean framework?"),
        ("Project_Name=Orders", "Project_Name is no question; did you mean project_name?"),
        ("colour=red", "colour is no question; the questions are project_name, "),
        ("__orm=django", "__orm is no question; "),
    ],
)
def test_an_answer_to_no_question_is_refused(attempt: Attempt, answer: str, says: str) -> None:
    outcome = attempt(answer)
    assert outcome.exit_code == 1
    assert f"Error: {says}" in outcome.printed


def test_an_answer_to_no_question_is_refused_before_the_first_question(attempt: Attempt) -> None:
    outcome = attempt("framwork=flask", typed="\n" * 12)
    assert outcome.exit_code == 1
    assert outcome.printed.startswith("Error: framwork is no question; did you mean framework?\n")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--accept-hooks", "no"), "--accept-hooks no leaves half a service"),
        (("--overwrite-if-exists", "--skip-if-file-exists"), "--skip-if-file-exists keeps no file"),
    ],
)
def test_an_option_by_which_files_are_missing_or_lost_is_refused(
    attempt: Attempt, tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    mine = tmp_path / "output/example-service/README.md"
    mine.parent.mkdir()
    mine.write_text("Mine.", encoding="utf-8")
    outcome = attempt(*options)
    assert outcome.exit_code == 1
    assert says in outcome.printed
