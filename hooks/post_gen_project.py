"""Lays the chosen options over the base, fills in the answers, and starts a git repository."""

import sys

sys.path.pop(0)  # Cookiecutter runs this file in the folder for temporary files, where anybody may have put a `re.py`

import os
import re
import shlex
import subprocess
from pathlib import Path

# Cookiecutter renders this file: Jinja writes its values here in Python's own notation.
ANSWERS: dict[str, str] = {{dict(cookiecutter)}}  # type: ignore # noqa: F821
TEMPLATE = Path({{[template_folder()]}}[0])  # type: ignore # noqa: F821

# Names of folders in the template; in one piece the delimiters would be rendered here.
BASE = "{" + "{cookiecutter.project_slug}" + "}"
PACKAGE = "{" + "{cookiecutter.package_name}" + "}"

# What a file may have: places for answers, and lines for which every chosen option may have a part.
PLACE = re.compile(r"\{\{ cookiecutter\.(\w+) \}\}")
SLOT = re.compile(r"^(?:#|<!--) parts: ([a-z-]+)(?: -->)?\n", re.MULTILINE)

# A person writes these for people; the other answers are words that no format changes.
FREE_TEXT = ("project_name", "description", "author_name")


def chosen_folders() -> list[Path]:
    """Return `options/<question>/<answer>` of each answer that may add files; `orm` belongs to `__orm`."""
    folders = []
    for question in sorted((TEMPLATE / "options").iterdir()):
        names = [name for name in (question.name, f"__{question.name}") if name in ANSWERS]
        if not names:
            sys.exit(
                f"options/{question.name} belongs to no question: add {question.name} or __{question.name} to cookiecutter.json"
            )
        folders.append(question / ANSWERS[names[0]])
    return folders


def owners_and_parts() -> tuple[dict[Path, Path], dict[str, str]]:
    """Return which file of the template each file of the project comes from, and what goes into each slot."""
    owners: dict[Path, Path] = {}
    parts: dict[str, str] = {}
    for folder in (TEMPLATE / BASE, *chosen_folders()):
        for source in filter(Path.is_file, folder.rglob("*")):
            target = Path(str(source.relative_to(folder)).replace(PACKAGE, ANSWERS["package_name"]))
            if target.parent == Path("_parts"):
                parts[target.name] = parts.get(target.name, "") + source.read_bytes().decode()
            elif target in owners:
                two = " and ".join(str(owner.relative_to(TEMPLATE)) for owner in (owners[target], source))
                sys.exit(f"{target} has two owners: {two}. Leave it to one of them.")
            else:
                owners[target] = source
    return owners, parts


def escaped(name: str, suffix: str) -> str:
    """Return an answer so that a file of that type says exactly what was answered."""
    answer = str(ANSWERS[name])
    if suffix in (".toml", ".json", ".yaml"):  # in double quotes there
        return answer.replace("\\", "\\\\").replace('"', '\\"')
    if suffix == "Dockerfile":
        return re.sub(r'["\\$]', r"\\\g<0>", answer)
    if suffix == ".md" and name in FREE_TEXT:
        answer = re.sub(r"[\\`*_\[\]<>&|~#]", r"\\\g<0>", answer)
        return re.sub(r"^(\d+(?=[.)])|(?=[-+=]))", r"\1\\", answer)  # what would begin a list or underline a heading
    return answer


def write_files(owners: dict[Path, Path], parts: dict[str, str]) -> None:
    """Write every file as its owner has it, with parts and answers filled in where it has places for them."""
    for target, source in owners.items():
        content = source.read_bytes()
        copied = source.is_relative_to(TEMPLATE / BASE)  # by Cookiecutter
        if b"{ cookiecutter." in content or b" parts: " in content:  # others need not be text
            text = SLOT.sub(lambda slot: parts.get(slot[1], ""), content.decode())
            text = PLACE.sub(lambda place: escaped(place[1], target.suffix or target.name), text)  # noqa: B023 - called at once
            content = text.encode()
        elif copied:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # What Cookiecutter copied is not emptied first: ext4 brings such a file to the disk at once, 10 ms for all.
        with target.open("r+b" if copied else "wb") as file:
            file.write(content)
            file.truncate()
        target.chmod(source.stat().st_mode)


def start_repository() -> None:
    """Stage every file of a new repository: pre-commit looks at tracked files only.

    Not inside another repository, which will track the project itself. Not under cruft, which compares
    two renderings file by file and would compare their repositories too.
    """
    here = Path.cwd()
    if any((folder / ".git").exists() for folder in (here, *here.parents)):
        return
    # Inside a git hook these point to another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], env=environment, check=True)
        # As one pack: 250 files of their own take 0.1 s of CPU more, a fifth of all that generating takes.
        # What somebody ignores in all repositories of their own, such as `.env*`, belongs to this one.
        once = ("-c", "core.bigFileThreshold=1", "-c", "core.excludesFile=")
        subprocess.run(["git", *once, "add", "--all"], env=environment, check=True)
    except (OSError, subprocess.CalledProcessError):
        print(f"No git repository: run `git init && git add --all` in {here} once git works.", file=sys.stderr)


def say_what_is_next() -> None:
    """Print the three commands that a newcomer runs now."""
    print("cd", shlex.quote(str(Path.cwd())))
    print("make run     # serve it: /health, /metrics, /api/bookmarks")
    print("make test    # run its tests")


def main() -> None:
    """Run the steps in order."""
    write_files(*owners_and_parts())
    if "_commit" not in ANSWERS:  # cruft sets it
        start_repository()
        say_what_is_next()


if __name__ == "__main__":
    main()
