"""Options are folders: each belongs to an answer, and each file to one owner."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from bakery import TREE, Answers, Bakery, Project, copy_of_template, questions, variants
from cookiecutter.exceptions import FailedHookException


def options_of(template: Path) -> list[Path]:
    """Return `<question>/<answer>` of every option folder."""
    options = template / "options"
    return sorted(folder.relative_to(options) for folder in options.glob("*/*"))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a copy of the template that the test may change."""
    return copy_of_template(tmp_path / "template")


def add(template: Path, name: str, text: str = "added\n") -> None:
    """Add a file to the template's tree, or to its options."""
    path = template / name if name.startswith("options/") else template / TREE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def answer_to(project: Project, question: str) -> str:
    """Return a project's public or derived answer."""
    return project.answers.get(question) or project.answers[f"__{question}"]


def test_every_folder_belongs_to_an_answer_that_some_variant_gives(bakery: Bakery, template: Path) -> None:
    projects = [bakery.bake(answers) for answers in variants()]
    for folder in options_of(template):
        question, answer = folder.parts
        assert answer in {answer_to(project, question) for project in projects}


def test_every_file_of_an_option_is_in_a_folder_of_an_answer(template: Path) -> None:
    options = template / "options"
    assert [path for path in options.glob("*") if path.is_file()] == []
    assert [path for path in options.glob("*/*") if path.is_file()] == []


def test_a_variant_has_the_files_of_the_base_and_of_its_options(
    bakery: Bakery, template: Path, variant: Answers
) -> None:
    project = bakery.bake(variant)
    expected = [path.relative_to(template / TREE) for path in (template / TREE).rglob("*") if path.is_file()]
    for folder in options_of(template):
        if answer_to(project, folder.parts[0]) == folder.parts[1]:
            whole = template / "options" / folder
            found = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
            expected += [path for path in found if path.parts[0] != "_parts"]
    names = [path.as_posix().replace("{{cookiecutter.package_name}}", "example_service") for path in expected]
    assert len(set(names)) == len(names), "a file has two owners"
    assert sorted(names) == sorted(path.as_posix() for path in project.files())


def test_files_are_laid_over_the_base_with_the_packages_name(bakery: Bakery, template: Path, tmp_path: Path) -> None:
    add(
        template,
        "options/framework/fastapi/src/{{cookiecutter.package_name}}/dummy/data.txt",
        "{{ cookiecutter.license }}\n",
    )
    add(template, "options/framework/flask/never.txt")
    add(template, "options/orm/sqlalchemy/derived.txt")
    project = bakery.bake_into(tmp_path / "output", template=template)
    assert project.text("src/example_service/dummy/data.txt") == "MIT\n"
    assert project.text("derived.txt") == "added\n"
    assert not (project.path / "never.txt").exists()
    assert not (project.path / "options").exists()


def test_a_part_goes_into_its_slot_in_the_order_of_the_questions(
    bakery: Bakery, template: Path, tmp_path: Path
) -> None:
    add(template, "docs/parts.md", "before\n<!-- parts: some -->\n# parts: none\nafter\n")
    add(template, "options/orm/sqlalchemy/_parts/some", "{{ cookiecutter.package_name }}\n")
    add(template, "options/framework/fastapi/_parts/some", "one\n\ntwo\n")
    add(template, "options/framework/flask/_parts/some", "not chosen\n")
    project = bakery.bake_into(tmp_path / "output", template=template)
    assert project.text("docs/parts.md") == "before\none\n\ntwo\nexample_service\nafter\n"
    assert not (project.path / "_parts").exists()


def test_every_part_has_a_slot_and_every_slot_a_part(template: Path) -> None:
    files = [path for tree in (TREE, "options") for path in (template / tree).rglob("*") if path.is_file()]
    slots = [
        slot.decode()
        for path in files
        for slot in re.findall(rb"^(?:#|<!--) parts: ([a-z-]+)(?: -->)?$", path.read_bytes(), re.MULTILINE)
    ]
    assert set(slots) == {path.name for path in (template / "options").glob("*/*/_parts/*")}


def test_cookiecutter_copies_every_file_and_renders_none(template: Path) -> None:
    patterns = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))["_copy_without_render"]
    base = [path for path in (template / TREE).rglob("*") if path.is_file()]
    names = [path.relative_to(template / TREE).as_posix() for path in base]
    assert [name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in names)] == []


def test_no_pattern_of_what_is_copied_fits_a_folder(template: Path) -> None:
    """Over an older project Cookiecutter removes such a folder first, with what the user put there."""
    patterns = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))["_copy_without_render"]
    folders = [path.relative_to(template / TREE) for path in (template / TREE).rglob("*") if path.is_dir()]
    assert [path for path in folders for pattern in patterns if fnmatch(path.as_posix(), pattern)] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("LICENSE", f"LICENSE has two owners: {TREE}/LICENSE and options/license/MIT/LICENSE"),
        (
            "options/framework/fastapi/LICENSE",
            "LICENSE has two owners: options/framework/fastapi/LICENSE and options/license/MIT/LICENSE",
        ),
        ("options/wrong/x/file", "options/wrong belongs to no question: add wrong or __wrong to cookiecutter.json"),
    ],
)
def test_a_mistake_in_the_folders_stops_the_generation(
    bakery: Bakery, template: Path, capfd: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    add(template, name)
    with pytest.raises(FailedHookException):
        bakery.bake_into(template / "output", template=template)
    assert message in capfd.readouterr().err
    assert list((template / "output").iterdir()) == []


def test_a_project_can_be_generated_over_an_older_one(bakery: Bakery, tmp_path: Path) -> None:
    before = bakery.bake_into(tmp_path).contents()
    after = bakery.bake_into(tmp_path, {"license": "Apache-2.0"}, overwrite_if_exists=True)
    assert after.contents() == bakery.bake({"license": "Apache-2.0"}).contents()
    assert sorted(after.contents()) == sorted(before)


def test_what_the_user_added_to_an_older_project_stays(bakery: Bakery, tmp_path: Path) -> None:
    project = bakery.bake_into(tmp_path)
    own = {
        "src/example_service/orders/service.py": b"ORDERS = 1\n",
        "src/example_service/platform/core/mine.py": b"MINE = 1\n",
        "tests/orders/test_orders.py": b"# mine\n",
        "docs/configuration/orders.md": b"# Orders\n",
        "notes.txt": b"mine\n",
    }
    for name, content in own.items():
        (project.path / name).parent.mkdir(exist_ok=True)
        (project.path / name).write_bytes(content)
    changed = project.path / "src/example_service/platform/core/components.py"
    changed.write_text("changed\n", encoding="utf-8")
    after = bakery.bake_into(tmp_path, overwrite_if_exists=True)
    assert after.contents() == bakery.bake().contents() | own


def test_every_variant_is_on_the_list_of_answers() -> None:
    assert len(list(variants())) >= len(questions()["license"])
