"""Files say what they mean: no machine's own paths, no host of a registry, and the field's own terms."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bakery import copy_of_template

# Put together here, so that this file does not name them either.
HOSTS = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "docker" + ".io", "gh" + "cr.io"]
PATHS = ["/" + folder + "/" for folder in ("tmp", "root", "work", "home/[a-z]+", "Users/[a-z]+")]
BANNED = re.compile("|".join([*map(re.escape, HOSTS), *(rf"(?<![\w.$}}/-]){path}" for path in PATHS)]))

COUNTED = (
    "component|test|promise|decision|check|route|worker|process|request|file|label|framework|answer|fork|tick|exception"
)
# What is written, and what an English reader expects in its place.
WRONG = {
    r"\bfor ever\b": "forever, or permanently",
    r"\b(?:process|service|worker) turns\b": "runs",
    r"\bfares?\b": "does",
    r"\bthe [a-z]+ is none\b": "does not exist",
    rf"\b(?:a|an|one|once)(?: (?!in |of |to |where |is )[\w-]+)? an? (?:{COUNTED})\b": "per",
    r"\banother memory\b": "a memory of its own",
    r"\b(?:said|held|told|news)\b(?=(?:: [\w\[\], |]+)? =[^=])": "a name for what the value is",
    r"\bfor (?:said|held|told|news) in\b": "a name for what the value is",
    r"^class [a-z_]+\b": "a function, or a class with a capital letter",
}
MINE = Path("tests", "test_words.py")


def wrong_words(name: str, text: str) -> Iterator[str]:
    """Yield each wrong word with its place and what would be right."""
    for pattern, right in WRONG.items():
        for found in re.finditer(pattern, text, re.MULTILINE):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{name}:{line}: {found[0]!r}: {right}"


@pytest.mark.parametrize("text", [f"x https://{HOSTS[0]}/simple", f"in {PATHS[0]}x", f'"{PATHS[1]}.venv"'])
def test_the_pattern_finds_what_it_should(text: str) -> None:
    assert BANNED.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "kept for ever",
        "while the process turns",
        "how it fares",
        "the journal is none",
        "a page a component",
        "one file a promise",
        "once a process",
        "every connection sees another memory",
        "    said = process.stdout",
        "held: dict[str, int] = {}",
        "class safe_operation(Base):",
    ],
)
def test_a_wrong_word_is_found(text: str) -> None:
    assert len(list(wrong_words("page", text))) == 1


@pytest.mark.parametrize(
    "text",
    ["forever", "where there is none", "a page per component", "as was said before", "give a test a registry"],
)
def test_a_right_word_is_left_alone(text: str) -> None:
    assert list(wrong_words("page", text)) == []


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """Read every tracked file."""
    folder = copy_of_template(tmp_path_factory.mktemp("words"))
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".png"]
    assert len(files) > 50
    return {path.relative_to(folder): path.read_text(encoding="utf-8") for path in files}


def test_no_tracked_file_names_a_registry_or_a_machine(texts: dict[Path, str]) -> None:
    found = {path: BANNED.search(text) for path, text in texts.items()}
    assert {path: match for path, match in found.items() if match} == {}


def test_every_tracked_file_keeps_to_plain_english_and_the_fields_terms(texts: dict[Path, str]) -> None:
    assert [one for path, text in texts.items() if path != MINE for one in wrong_words(str(path), text)] == []
