"""Lays the chosen options over the base tree, removes the rest, and starts a git repository."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Cookiecutter renders this file; the doubled tojson makes a Python string literal of the JSON.
ANSWERS = json.loads({{cookiecutter | tojson | tojson}})  # type: ignore # noqa: F821

OPTIONS = Path("_options")
# Left by pre_gen_project.py where a project is generated over an older one.
OVERWRITE = OPTIONS / "overwrite"


def chosen_folders() -> Iterator[Path]:
    """Yield `_options/<question>/<answer>` of each answer that adds files; `orm` belongs to `__orm`."""
    for question in sorted(folder for folder in OPTIONS.iterdir() if folder.is_dir()):
        answers = [ANSWERS[name] for name in (question.name, f"__{question.name}") if name in ANSWERS]
        if not answers:
            sys.exit(
                f"{question} belongs to no question: add {question.name} or __{question.name} to cookiecutter.json"
            )
        folder = question / answers[0]
        if folder.is_dir():
            yield folder


def chosen_files(*, overwrite: bool) -> dict[Path, Path]:
    """Map each file that the options add to where it comes from, or stop if it has another owner."""
    owners: dict[Path, Path] = {}
    for folder in chosen_folders():
        for source in sorted(path for path in folder.rglob("*") if not path.is_dir()):
            target = source.relative_to(folder)
            if target in owners:
                sys.exit(f"{target} has two owners: {owners[target]} and {source}. Leave it to one of them.")
            if target.exists() and not overwrite:
                sys.exit(f"{target} has two owners: the base and {source}. Leave it to one of them.")
            owners[target] = source
    return owners


def lay_options() -> None:
    """Move what was chosen to its place and remove the other folders."""
    for target, source in chosen_files(overwrite=OVERWRITE.exists()).items():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
    remove(OPTIONS)


def remove(folder: Path) -> None:
    """Remove a folder with everything in it; importing shutil for this takes longer than doing it."""
    for path in folder.iterdir():
        if path.is_dir():
            remove(path)
        else:
            path.unlink()
    folder.rmdir()


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
    # The threshold puts the files into one pack: half the time of one object a file.
    add = ["git", "-c", "core.bigFileThreshold=1", "add", "--all"]
    try:
        for command in (["git", "init", "--quiet", "--initial-branch=main"], add):
            subprocess.run(command, check=True, env=environment)
    except (OSError, subprocess.CalledProcessError) as error:
        print(
            f"No git repository ({error}): run `git init && git add --all` in {here} once git works.", file=sys.stderr
        )


def say_what_is_next() -> None:
    """Print the three commands that a newcomer runs now."""
    folder = str(Path.cwd())
    quoted = folder if re.fullmatch(r"[\w/.+-]+", folder, re.ASCII) else "'" + folder.replace("'", "'\\''") + "'"
    print(f"cd {quoted}")
    print("make run     # serve it: /health, /metrics, /api/bookmarks")
    print("make test    # run its tests")


def main() -> None:
    """Run the steps in order."""
    lay_options()
    if "_commit" not in ANSWERS:  # cruft sets it
        start_repository()
        say_what_is_next()


if __name__ == "__main__":
    main()
