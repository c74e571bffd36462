"""Every path, link, make target and command that the documentation names exists."""

import re
import shlex
from pathlib import Path

import pytest
from tools.__main__ import main as run_tool

import {{ cookiecutter.package_name }}
from {{ cookiecutter.package_name }}.__main__ import main

ROOT = Path(__file__).parents[2]
PACKAGE = Path({{ cookiecutter.package_name }}.__file__).parent
FOLDERS = (ROOT, PACKAGE, PACKAGE / "platform")  # where a path may begin
MAY_GO = ("AGENTS.md", "debugging-metrics.md")  # may be deleted, and what still points there stays
# A block of code, with the name of the file to write where one stands before it.
FENCED = re.compile(r"(^`[^`\n]+`:\n\n)?^```.*?^```$", re.MULTILINE | re.DOTALL)
# Within the project: a page, a heading, or both.
LINK = re.compile(r"(?<!\\)\]\(([^)#:]*)#?([^):]*)\)")


def pages() -> list[Path]:
    """The pages that are there; any of them may be deleted."""
    named = (ROOT / "README.md", ROOT / "AGENTS.md")
    return [*filter(Path.exists, named), *sorted(ROOT.glob("docs/**/*.md"))]


def marked(pattern: str) -> set[tuple[str, str]]:
    """The code spans of all pages that match, each with its page."""
    found = set()
    for page in pages():
        spans = re.findall(r"`([^`\n]+)`", FENCED.sub("", page.read_text()))
        found |= {(page.name, span) for span in spans if re.fullmatch(pattern, span)}
    return found


def headings(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    found = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in found}


def test_every_path_that_the_documentation_names_exists():
    """A path begins with a folder of the project, of the package, or of its platform.

    What git ignores, such as `secrets/`, is there once somebody has made it, and not all of it.
    """
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    folders = {path.name for folder in FOLDERS for path in folder.iterdir() if path.is_dir()}
    beginnings = folders - ignored
    paths = marked(r"\.?[a-z][\w.-]*(/[\w.-]+)+/?|\.?[a-z][\w.-]*/")
    ours = {(page, path) for page, path in paths if path.partition("/")[0] in beginnings}
    missing = [one for one in ours if not any((folder / one[1]).exists() for folder in FOLDERS)]
    assert sorted(one for one in missing if not one[1].endswith(MAY_GO)) == []


def test_every_link_between_the_pages_leads_somewhere():
    """To a file or a folder, and to a heading where it names one."""
    missing = []
    for page in pages():
        for target, heading in LINK.findall(FENCED.sub("", page.read_text())):
            to = page.parent / target if target else page
            if not to.exists() or (heading and heading not in headings(to)):
                missing.append((page.name, target, heading))
    assert sorted(one for one in missing if not one[1].endswith(MAY_GO)) == []


def test_every_make_target_that_the_documentation_names_exists():
    makefile = (ROOT / "Makefile").read_text()
    targets = {(page, span.split()[1]) for page, span in marked(r"make [a-z-]+( .*)?")}
    assert [one for one in sorted(targets) if f"\n{one[1]}:" not in makefile] == []


def test_every_command_that_the_documentation_names_exists(capsys):
    for program, run in (("{{ cookiecutter.package_name }}", main), ("tools", run_tool)):
        prefix = f"python -m {program} "
        for page, span in sorted(marked(re.escape(prefix) + ".+")):
            with pytest.raises(SystemExit) as left:
                run([*shlex.split(span.removeprefix(prefix)), "--help"])
            assert left.value.code == 0, (page, span)
            assert capsys.readouterr().out.startswith("usage: ")
