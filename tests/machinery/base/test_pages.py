"""The pages that the template brings are complete: what a team may rewrite or delete at will."""

import re
from pathlib import Path

import prometheus_client
import pytest

import {{ cookiecutter.package_name }}

PACKAGE = Path({{ cookiecutter.package_name }}.__file__).parent
# A block of code, with the name of the file to write where one stands before it.
FENCED = re.compile(r"(^`[^`\n]+`:\n\n)?^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def root(request) -> Path:
    """The folder of the project."""
    return request.config.rootpath


def spans(root: Path) -> set[tuple[str, str]]:
    """What the pages that people write mark as code, each with its page."""
    pages = [root / "README.md", root / "AGENTS.md", *root.glob("docs/**/*.md")]
    texts = {page.name: page.read_text() for page in pages}
    return {
        (name, span)
        for name, text in texts.items()
        if not text.startswith("<!-- Made from the code")
        for span in re.findall(r"`([^`\n]+)`", FENCED.sub("", text))
    }


def test_every_file_that_is_named_without_its_folder_exists_too(root):
    named = {one for one in spans(root) if re.fullmatch(r"[\w.-]+\.(py|md|toml|yaml)", one[1])}
    assert len(named) >= 5
    files = {
        path.name
        for folder in ("src", "tests", "tools", "docs", "monitoring", ".github")
        for path in (root / folder).rglob("*")
    }
    files |= {path.name for path in root.iterdir()}
    assert [one for one in sorted(named) if one[1] not in files] == []


def test_the_pages_name_the_commands_that_matter_most(root):
    named = {span for _, span in spans(root)}
    assert {"make run", "make test", "make lint", "make metrics-docs", "make metrics-show"} <= named
    package = PACKAGE.name
    commands = ("serve", "db upgrade", "config show")
    assert {f"python -m {package} {command}" for command in commands} <= named


def test_agents_are_sent_to_the_map_by_one_line(root):
    assert (root / "CLAUDE.md").read_text().count("\n") == 1
    assert "AGENTS.md" in (root / "CLAUDE.md").read_text()


def test_every_message_in_the_playbook_is_one_that_the_code_says(root):
    page = (root / "docs/debugging-metrics.md").read_text()
    section = page.partition("## Messages")[2].partition("\n## ")[0]
    messages = re.findall(r"^### `(.+)`$", section, re.MULTILINE)
    assert len(messages) >= 7
    library = Path(prometheus_client.__file__).parent
    folders = (PACKAGE, library, root / "tools")
    code = "".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    joined = re.sub(r'"\n\s*f?"', "", code)
    assert [message for message in messages if message not in joined] == []


def test_every_entry_of_the_playbook_has_a_cause_and_a_cure(root):
    entries = (root / "docs/debugging-metrics.md").read_text().split("\n### ")[1:]
    entries[-1] = entries[-1].partition("\n## ")[0]
    assert len(entries) >= 14
    for entry in entries:
        assert entry.count("*Cause.*") == entry.count("*Cure.*"), entry
        assert "*Cure.*" in entry or "\n- " in entry, entry


def test_the_log_of_the_playbook_is_dated_and_in_order(root):
    log = (root / "docs/debugging-metrics.md").read_text().partition("\n## Log\n")[2]
    dates = re.findall(r"^- \*\*(\d{4}-\d{2}-\d{2})\*\* ", log, re.MULTILINE)
    assert dates
    assert dates == sorted(dates, reverse=True)
