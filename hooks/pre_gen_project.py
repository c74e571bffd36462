"""Refuses bad answers: names every one of them and what would be legal, before any file is written."""

import sys

sys.path.pop(0)  # Cookiecutter runs this file in the folder for temporary files, where anybody may have put a `re.py`

import keyword
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

# Cookiecutter renders this file: Jinja writes its values here in Python's own notation.
ANSWERS: dict[str, str] = {{dict(cookiecutter)}}  # type: ignore # noqa: F821
TEMPLATE = Path({{[template_folder()]}}[0])  # type: ignore # noqa: F821
# The answers as given, before Jinja rendered them. cruft does not keep them.
GIVEN: dict[str, object] = {{dict(_cookiecutter if _cookiecutter is defined else {})}}  # type: ignore # noqa: F821

# Defaults of cookiecutter.json that are Jinja themselves; their delimiters are put together here
# because this file is rendered.
DERIVED = {
    "project_slug": "{" + "{ cookiecutter.project_name | slugify(max_length=63) }" + "}",
    "package_name": "{" + "{ cookiecutter.project_slug[:40].rstrip('-') | replace('-', '_') }" + "}",
}
JINJA = ("{" + "{", "{" + "%", "{" + "#")

# What some Python has that `sys.stdlib_module_names` of another does not name: older and newer modules, CPython's own
# tests, and what it imports at its start.
MORE_MODULES = frozenset(
    """
    aifc annotationlib asynchat asyncore audioop cgi cgitb chunk compression crypt distutils imghdr imp lib2to3 mailcap
    msilib nis nntplib ossaudiodev pipes profiling sitecustomize smtpd sndhdr spwd sunau telnetlib test usercustomize uu
    xdrlib xxlimited xxlimited_35 xxsubtype
    """.split()
)
# What the service and its tools install, now or with a later answer: import packages, distributions and commands.
LIBRARIES = frozenset((TEMPLATE / "hooks" / "taken_names.txt").read_text(encoding="utf-8").split())
# What git, the linter or pytest treat in their own way.
TAKEN = frozenset({"build", "conftest", "dist", "monitoring", "node_modules"})

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
    """A distribution cannot depend on one of its own name, and its command would replace theirs."""
    slug = answers["project_slug"]
    if slug.replace("-", "_") in LIBRARIES:
        yield f'project_slug must not be the name of a library or its command, use one like "{slug}-service"; got {slug!r}'


def names_of_files() -> set[str]:
    """The names that the project's own files have where its commands and tests look for modules."""
    trees = [TEMPLATE / ("{" + "{cookiecutter.project_slug}" + "}"), *TEMPLATE.glob("options/*/*")]
    patterns = ("*", "tests/support/*")
    return {path.name.partition(".")[0] for tree in trees for pattern in patterns for path in tree.glob(pattern)}


def package_name_can_be_imported(answers: Answers) -> Iterator[str]:
    """An identifier that is no keyword and hides no module, library or folder."""
    package = answers["package_name"]
    if not re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", package) or len(package) > 40:
        yield (
            "package_name must be 1 to 40 lower-case ASCII letters, digits and single underscores, starting with a letter,"
            f' like "orders_api"; got {package!r}'
        )
        return
    stem = f"{package}_service"[:40]
    for names, what in (
        ({*keyword.kwlist, *keyword.softkwlist, "type"}, "a Python keyword"),
        (sys.stdlib_module_names | MORE_MODULES, "a module of the standard library"),
        (LIBRARIES, "a library that the service or its tools import"),
        (TAKEN | names_of_files(), "a name that the project uses itself"),
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
