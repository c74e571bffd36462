"""Every file that carries a name or a description says exactly that text, whatever its format."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from bakery import Answers, Bakery, Project
from markdown_it import MarkdownIt

# Words that need no escape in any format, to find out which files carry the answers.
PLAIN = {"project_name": "Zebrafinch", "description": "Xylophone", "author_name": "Quokka"}
SLUG = {"project_slug": "orders", "author_email": "ada@example.com"}

TEXTS = [
    r"""'single' "double" \back \n \\ & &amp; <b>bold</b> # %s $x ${y} $(z)""",
    r"*star* _under_ `tick` [a](b) ![i](j) ~~s~~ |pipe| ^up^ ==mark== :cat:",
    'Ends with a backslash\\ and a quote"',
    '"""',
    "'''",
    "\\",
    "🎉 Crème brûlée, naïve façade; 日本語",
    "\N{FAMILY} and \N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}",
    "- leading dash",
    "-",
    "---",
    "+ leading plus",
    "1. leading number",
    "12) leading number",
    "# leading hash",
    "trailing hash #",
    "> quoted",
    "=",
    "===",
    "<!-- comment -->",
    "<script>alert(1)</script>",
    "a: b # c",
    "{ not: [closed",
    "yes",
    "null",
    "1.0",
    "@at `tick`",
    "%percent",
    "!bang",
    "https://example.com/a_b_c?d=1&e=2",
    "Ada Lovelace, Countess",
]
NAME = r"R&D: orders_api *2* <C#> \ [a](b) `tick` ~x~ |"
FIELDS = pytest.mark.parametrize("text", TEXTS, ids=ascii)


def leaves(value: object) -> Iterator[str]:
    """Yield every key and value of a parsed document, in order."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(key)
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield f"{type(value).__name__} {value}"


def markdown(text: str) -> Iterator[str]:
    """Yield what a CommonMark renderer with tables and strikethrough would show, and as what."""
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        for inner in token.children or [token]:
            yield f"{inner.type} {inner.tag} {sorted(inner.attrs.items())} {inner.content}"


def python(text: str) -> Iterator[str]:
    """Yield every constant of a Python file; a comment could not carry an answer safely."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant):
            yield from leaves(node.value)


def says(name: str, text: str) -> list[str]:
    """Return what a file says, in its own format."""
    match Path(name).suffix:
        case ".toml":
            return list(leaves(tomllib.loads(text)))
        case ".json":
            return list(leaves(json.loads(text)))
        case ".yaml" | ".yml":
            return list(leaves(list(yaml.safe_load_all(text))))
        case ".md":
            return list(markdown(text))
        case ".py":
            return list(python(text))
        case _:
            plain = re.sub(r'\\(["\\$])', r"\1", text) if name == "Dockerfile" else text
            return plain.splitlines()


def carriers(project: Project) -> dict[str, str]:
    """Return the files in which one of the plain answers stands, with their text."""
    texts = {str(path): project.text(path) for path in project.files()}
    return {name: text for name, text in texts.items() if any(word in text for word in PLAIN.values())}


def bake_with(bakery: Bakery, answers: Answers) -> Project:
    return bakery.bake({**SLUG, **answers})


def test_some_files_carry_each_answer(bakery: Bakery) -> None:
    texts = carriers(bake_with(bakery, PLAIN)).values()
    for word in PLAIN.values():
        assert any(word in text for text in texts)


def test_what_carries_an_answer_is_parsed_content(bakery: Bakery) -> None:
    for name, text in carriers(bake_with(bakery, PLAIN)).items():
        for word in PLAIN.values():
            assert text.count(word) == "\n".join(says(name, text)).count(word), f"{name} has {word} in a comment"


@FIELDS
def test_the_text_is_exactly_what_was_answered(bakery: Bakery, tmp_path: Path, text: str) -> None:
    answers = {question: f"{text} {word}" for question, word in PLAIN.items()}
    bare = dict.fromkeys(PLAIN, text)
    for given in (bare, answers):
        project = bakery.bake_into(tmp_path / str(len(given["project_name"])), {**SLUG, **given})
        for name, plain in carriers(bake_with(bakery, PLAIN)).items():
            expected = says(name, plain)
            for question, word in PLAIN.items():
                expected = [line.replace(word, given[question]) for line in expected]
            assert says(name, project.text(name)) == expected, name


def test_an_installed_project_says_it_too(bakery: Bakery, tmp_path: Path) -> None:
    text = f"{TEXTS[0]}, Crème 🎉"
    project = bakery.bake_into(tmp_path, {**SLUG, **dict.fromkeys(PLAIN, text), "project_name": NAME})
    project.run("make", "setup")
    program = "import importlib.metadata as m; print(m.metadata('orders')['Summary'])"
    assert project.run(".venv/bin/python", "-c", program).stdout == f"{text}\n"
    assert text in project.run(".venv/bin/python", "-m", "orders", "--help", more={"COLUMNS": "1000"}).stdout
    program = "from orders.app import app; print(app.title)"
    assert project.run(".venv/bin/python", "-c", program).stdout == f"{NAME}\n"
    project.run(".venv/bin/python", "-m", "pytest", "-q", "tests/platform/test_documentation.py")
