"""Lays the tests of the platform's insides over a generated project."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bakery import ROOT, Project

MACHINERY = ROOT / "tests" / "machinery"


def sources(project: Project) -> Iterator[tuple[Path, Path]]:
    """Yield each file with its place in the project: those of `base`, and of every answer given."""
    folders = [MACHINERY / "base"]
    for folder in sorted(MACHINERY.glob("*/*/")):
        question, answer = folder.parts[-2:]
        if answer in (project.answers.get(question), project.answers.get(f"__{question}")):
            folders.append(folder)
    for folder in folders:
        for source in sorted(folder.rglob("*.py")):
            name = source.relative_to(folder)
            # Support stands beside the project's own, where conftest.py finds it.
            yield source, Path("tests", name) if name.parts[0] == "support" else Path("tests", "machinery", name)


def lay(project: Project) -> list[Path]:
    """Write the files into the project, and return where they are."""
    written = []
    for source, name in sources(project):
        path = project.path / name
        assert not path.exists(), f"{name} has two owners"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8")
        path.write_text(text.replace("{{ cookiecutter.package_name }}", project.answers["package_name"]), "utf-8")
        written.append(path)
    return written


@contextmanager
def laid(project: Project) -> Iterator[None]:
    """Have the files in the project for as long as the block runs."""
    written = lay(project)
    try:
        yield
    finally:
        for path in written:
            path.unlink()
