"""What the README and the guide name exists."""

import re
from pathlib import Path

import pytest
from bakery import ROOT, TREE, Bakery, questions

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def targets(makefile: Path) -> set[str]:
    """Return the commands of a Makefile."""
    return set(re.findall(r"^([a-z-]+):.*## ", makefile.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_table_names_every_question_and_answer() -> None:
    rows = [line for line in README.splitlines() if line.startswith("|")]
    for question, default in questions().items():
        [row] = [row for row in rows if re.search(rf"\b{question}\b", row.split("|")[1])]
        for answer in default if isinstance(default, list) else []:
            assert f"`{answer}`" in row


@pytest.mark.parametrize("text", [README, GUIDE], ids=["README", "CONTRIBUTING"])
def test_every_command_exists(text: str) -> None:
    named = set(re.findall(r"^(?:\$ )?make ([a-z-]+)|`make ([a-z-]+)", text, re.MULTILINE))
    assert named
    assert {name for pair in named for name in pair if name} <= targets(ROOT / "Makefile") | targets(
        ROOT / TREE / "Makefile"
    )


def test_every_place_in_the_guide_exists() -> None:
    named = re.findall(r"^\| `([^`<]+)`", GUIDE, re.MULTILINE)
    assert len(named) > 4
    assert [place for place in named if not (ROOT / place).exists()] == []


def test_every_program_that_the_pipeline_installs_is_named_for_those_who_run_the_tests() -> None:
    [programs] = re.findall("for program in (.*); do", (ROOT / ".ci/run").read_text(encoding="utf-8"))
    [named] = re.findall("`apt-get install --no-install-recommends (.*?)`", GUIDE)
    assert sorted(programs.split()) == sorted(named.split())


def test_every_link_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page}: {link}"


def test_every_decision_is_on_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\(([^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(page.name for page in folder.glob("*.md") if page.name != "README.md")


def test_the_tree_of_a_service_is_the_real_one(bakery: Bakery) -> None:
    project = bakery.bake({"project_name": "Orders API"})
    [tree] = re.findall(r"```\n(src/orders_api/\n.*?)```", README, re.DOTALL)
    shown = [line.split()[0] for line in tree.splitlines() if line.startswith("    ")]
    package = project.path / "src" / "orders_api"
    real = sorted(path.name + "/" * path.is_dir() for path in package.iterdir() if path.name != "__init__.py")
    assert sorted(shown) == real
    for name in tree.splitlines()[-1].split():
        assert (project.path / name).is_file()


def test_the_declaration_in_the_readme_is_in_the_service(bakery: Bakery) -> None:
    [declared] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert declared in bakery.bake().text("src/example_service/bookmarks/metrics.py")


def test_pages_of_a_service_name_settings_that_it_has(bakery: Bakery) -> None:
    pages = [*ROOT.glob("options/*/*/docs/configuration/*.md"), *(ROOT / TREE).glob("docs/configuration/*.md")]
    row = re.compile(r"^\| `([A-Z_]+)`", re.MULTILINE)
    everywhere = {name for page in pages for name in row.findall(page.read_text(encoding="utf-8"))}
    for answers in bakery.distinct():
        project = bakery.bake(answers)
        texts = {str(path): project.text(path) for path in project.files()}
        own = {
            name for path, text in texts.items() if path.startswith("docs/configuration/") for name in row.findall(text)
        }
        own |= {name for path, text in texts.items() if path.startswith("src/") for name in re.findall("[A-Z_]+", text)}
        for path in filter(lambda path: path.endswith(".md"), texts):
            named = everywhere & set(re.findall("`([A-Z_]+)", texts[path]))
            assert named <= own, f"{answers}: {path}"
