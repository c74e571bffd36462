"""What the documentation names exists, and what it shows works."""

import re
from pathlib import Path

import prometheus_client
import pytest

import {{ cookiecutter.package_name }}
from {{ cookiecutter.package_name }}.__main__ import main

PACKAGE = Path({{ cookiecutter.package_name }}.__file__).parent
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
MADE = "<!-- Made from the code"


@pytest.fixture
def root(request) -> Path:
    """The folder of the project."""
    return request.config.rootpath


def written(root: Path) -> list[Path]:
    """The pages that people write."""
    pages = [root / "README.md", root / "AGENTS.md", *sorted(root.glob("docs/**/*.md"))]
    return [page for page in pages if not page.read_text().startswith(MADE)]


def spans(page: Path) -> list[str]:
    """What the page's text marks as code."""
    return SPAN.findall(FENCED.sub("", page.read_text()))


def is_path(span: str) -> bool:
    """Whether it looks like a file or folder of the project."""
    named = re.fullmatch(r"[\w.-]+\.(py|md|toml|yaml|lock)", span) and not span.endswith(
        "component.py"
    )
    inside = re.fullmatch(r"\.?[a-z][\w.-]*(/[\w.-]+)*/?", span) and "/" in span
    return bool(named or inside) and not span.startswith(("application/", "text/"))


def exists(root: Path, span: str) -> bool:
    """Whether it is there: from the project's folder, or from the package's."""
    if span == "uv.lock":  # written by the first run of make
        return True
    return any((folder / span).exists() for folder in (root, PACKAGE, PACKAGE / "platform")) or any(
        PACKAGE.rglob(span)
    )


def test_every_path_that_the_documentation_names_exists(root):
    named = {(page.name, span) for page in written(root) for span in spans(page) if is_path(span)}
    assert len(named) >= 30
    assert [one for one in sorted(named) if not exists(root, one[1])] == []


def test_every_link_between_the_pages_leads_somewhere(root):
    links = [
        (page, target)
        for page in written(root)
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text())
        if not target.startswith("http")
    ]
    assert len(links) >= 10
    assert [str(target) for page, target in links if not (page.parent / target).exists()] == []


def test_every_make_target_that_the_documentation_names_exists(root):
    makefile = (root / "Makefile").read_text()
    targets = {
        span.split()[1]
        for page in written(root)
        for span in spans(page)
        if span.startswith("make ")
    }
    assert {"test", "lint", "run", "metrics-docs"} <= targets
    assert [one for one in sorted(targets) if f"\n{one}:" not in makefile] == []


def test_every_command_that_the_documentation_names_exists(root, capsys):
    prefix = "python -m {{ cookiecutter.package_name }} "
    commands = {
        span.removeprefix(prefix)
        for page in written(root)
        for span in spans(page)
        if span.startswith(prefix)
    }
    assert {"serve", "db upgrade", "config show"} <= commands
    for command in sorted(commands):
        with pytest.raises(SystemExit) as left:
            main([*command.split(), "--help"])
        assert left.value.code == 0, command
        assert capsys.readouterr().out.startswith("usage: ")


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
