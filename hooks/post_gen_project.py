"""Lays the chosen options over the base, fills in the answers, and starts a git repository.

It imports os and sys only: docs/decisions/generating-is-fast.md says what more would cost.
"""

import os
import sys

# Cookiecutter renders this file: what it has comes to stand here in Python's own notation.
ANSWERS: dict[str, str] = {{dict(cookiecutter)}}  # type: ignore # noqa: F821
COPIED: list[str] = {{cookiecutter["_copy_without_render"]}}  # type: ignore # noqa: F821

OPTIONS = "_options"
# Where pre_gen_project.py put those folders of an older project that Cookiecutter replaces as a whole.
OLDER = "_older"

# What stands for an answer in a file or a path that Cookiecutter copied; in one piece it would be rendered here.
IN_FILES = {"{" + "{" + f" cookiecutter.{name} " + "}" + "}": str(answer) for name, answer in ANSWERS.items()}
PACKAGE = "{" + "{cookiecutter.package_name}" + "}"


def named(path: str) -> str:
    """A path of the template with the package's name in it."""
    return path.replace(PACKAGE, ANSWERS["package_name"])


def files(path: str) -> list[str]:
    """A file itself, or every file in a folder and below."""
    below = [os.path.join(root, name) for root, _, names in os.walk(path) for name in names]
    return [path] if os.path.isfile(path) else sorted(below)


def remove(folder: str) -> None:
    """Remove a folder with everything in it."""
    for root, folders, names in os.walk(folder, topdown=False):
        for name in names:
            os.remove(os.path.join(root, name))
        for name in folders:
            os.rmdir(os.path.join(root, name))
    os.rmdir(folder)


def chosen_folders() -> list[str]:
    """`_options/<question>/<answer>` of each answer that adds files; `orm` belongs to `__orm`."""
    folders = []
    for question in sorted(os.listdir(OPTIONS)):
        answers = [ANSWERS[name] for name in (question, f"__{question}") if name in ANSWERS]
        if not answers:
            sys.exit(
                f"{OPTIONS}/{question} belongs to no question: add {question} or __{question} to cookiecutter.json"
            )
        folders.append(f"{OPTIONS}/{question}/{answers[0]}")
    return folders


def lay_options() -> list[str]:
    """Move the chosen files to their places, each of which has one owner; remove the others; return the places."""
    owners: dict[str, str] = {}
    for folder in chosen_folders():
        for source in files(folder):
            target = named(source[len(folder) + 1 :])
            # Over an older project, the last run's option files are there and are no second owners.
            owner = owners.get(target) or ("the base" if os.path.exists(target) and not os.path.exists(OLDER) else "")
            if owner:
                sys.exit(f"{target} has two owners: {owner} and {source}. Leave it to one of them.")
            owners[target] = source
    for target, source in owners.items():
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        os.replace(source, target)
    remove(OPTIONS)
    return list(owners)


def fill_in(path: str) -> None:
    """Write the answers into a file that Cookiecutter copied; one without a place for an answer stays as it is."""
    with open(path, "r+b") as file:
        content = file.read()
        if b" cookiecutter." in content:
            text = content.decode()
            for written, answer in IN_FILES.items():
                text = text.replace(written, answer)
            file.seek(0)
            file.write(text.encode())
            file.truncate()


def bring_back(older: str, here: str) -> None:
    """Give the user's own files back: those that the new project does not have."""
    for name in os.listdir(older):
        path, target = os.path.join(older, name), os.path.join(here, name)
        if not os.path.lexists(target):
            os.replace(path, target)
        elif os.path.isdir(path) and os.path.isdir(target):
            bring_back(path, target)


def inside_a_repository(folder: str) -> bool:
    """Whether git would find a repository here or further up."""
    above = os.path.dirname(folder)
    return os.path.exists(os.path.join(folder, ".git")) or (above != folder and inside_a_repository(above))


def start_repository() -> None:
    """Stage every file of a new repository: pre-commit looks at tracked files only.

    Not inside another repository, which will track the project itself. Not under cruft, which compares
    two renderings file by file and would compare their repositories too.
    """
    here = os.getcwd()
    if inside_a_repository(here):
        return
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]  # inside a git hook these point to another repository
    # One pack, neither compressed nor waited for, takes a third of the time of one object a file.
    add = "git -c core.bigFileThreshold=1 -c pack.compression=0 -c core.fsync=none add --all"
    if os.system(f"git init --quiet --initial-branch=main && {add}"):
        print(f"No git repository: run `git init && git add --all` in {here} once git works.", file=sys.stderr)


def say_what_is_next() -> None:
    """Print the three commands that a newcomer runs now."""
    folder = os.getcwd()
    plain = all((letter.isascii() and letter.isalnum()) or letter in "/._+-" for letter in folder)
    print("cd", folder if plain else "'" + folder.replace("'", "'\\''") + "'")
    print("make run     # serve it: /health, /metrics, /api/bookmarks")
    print("make test    # run its tests")


def main() -> None:
    """Run the steps in order."""
    laid = lay_options()
    for path in {*laid, *(path for copied in COPIED for path in files(named(copied)))}:
        fill_in(path)
    if os.path.exists(OLDER):
        bring_back(OLDER, ".")
        remove(OLDER)
    if "_commit" not in ANSWERS:  # cruft sets it
        start_repository()
        say_what_is_next()


if __name__ == "__main__":
    main()
