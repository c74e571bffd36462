"""Lays the chosen options over the base, fills in the answers, and starts a git repository.

It imports os and sys only: docs/decisions/generating-is-fast.md says what more would cost.
"""

import os
import sys

# Cookiecutter renders this file: what it has comes to stand here in Python's own notation.
ANSWERS: dict[str, str] = {{dict(cookiecutter)}}  # type: ignore # noqa: F821
COPIED: list[str] = {{cookiecutter["_copy_without_render"]}}  # type: ignore # noqa: F821
TEMPLATE: str = {{[template_folder()]}}[0]  # type: ignore # noqa: F821

# Answers that a person writes for people; the others are words that no format changes.
FREE_TEXT = ("project_name", "description", "author_name")

OPTIONS = "options"
# What an option adds to a file of the base: `_parts/<slot>` of its folder goes where the file says `parts: <slot>`.
PARTS = "_parts"
# Where pre_gen_project.py put those folders of an older project that Cookiecutter replaces as a whole.
OLDER = "_older"

# What stands for an answer in a path; in one piece it would be rendered here.
PACKAGE = "{" + "{cookiecutter.package_name}" + "}"


def named(path: str) -> str:
    """A path of the template with the package's name in it."""
    return path.replace(PACKAGE, ANSWERS["package_name"])


def in_markdown(text: str) -> str:
    """What Markdown shows as that text."""
    escaped = ""
    for place, letter in enumerate(text):
        at_the_start = letter in "-+=" if place == 0 else letter in ".)" and text[:place].isdigit()
        escaped += "\\" + letter if at_the_start or letter in "\\`*_[]<>&|~#" else letter
    return escaped


def in_toml(text: str) -> str:
    """What reads as that text between the quotes of a basic string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


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
    """`options/<question>/<answer>` of each answer that may add files; `orm` belongs to `__orm`."""
    folders = []
    for question in sorted(os.listdir(os.path.join(TEMPLATE, OPTIONS))):
        answers = [ANSWERS[name] for name in (question, f"__{question}") if name in ANSWERS]
        if not answers:
            sys.exit(
                f"{OPTIONS}/{question} belongs to no question: add {question} or __{question} to cookiecutter.json"
            )
        folders.append(f"{OPTIONS}/{question}/{answers[0]}")
    return folders


def chosen_files() -> tuple[dict[str, str], dict[str, str]]:
    """The files of the chosen options by their place in the project, each with one owner; and the parts by slot."""
    sources: dict[str, str] = {}
    parts: dict[str, str] = {}
    for folder in chosen_folders():
        for path in files(os.path.join(TEMPLATE, folder)):
            source = path[len(TEMPLATE) + 1 :]
            target = named(source[len(folder) + 1 :])
            if os.path.dirname(target) == PARTS:
                slot = os.path.basename(target)
                parts[slot] = parts.get(slot, "") + read(path).decode()
                continue
            # Over an older project, the last run's option files are there and are no second owners.
            owner = sources.get(target) or ("the base" if os.path.exists(target) and not os.path.exists(OLDER) else "")
            if owner:
                sys.exit(f"{target} has two owners: {owner} and {source}. Leave it to one of them.")
            sources[target] = source
    return sources, parts


def read(path: str) -> bytes:
    """What a file holds."""
    with open(path, "rb") as file:
        return file.read()


def write(path: str, content: bytes) -> None:
    """Make that the content of a file."""
    with open(path, "wb") as file:
        file.write(content)


def with_parts(text: str, parts: dict[str, str]) -> str:
    """The text with the parts of the chosen options in their slots, which are lines that are comments."""
    lines = []
    for line in text.splitlines(keepends=True):
        words = line.split()
        is_slot = words[1:2] == ["parts:"] and words[0] in ("#", "<!--")
        lines.append(parts.get(words[2], "") if is_slot else line)
    return "".join(lines)


def with_answers(text: str, path: str) -> str:
    """The text with the answers in their places, escaped as the type of the file wants it."""
    for name, answer in ANSWERS.items():
        shown = str(answer)
        if path.endswith(".toml"):
            shown = in_toml(shown)
        elif path.endswith(".md") and name in FREE_TEXT:
            shown = in_markdown(shown)
        text = text.replace("{" + "{" + f" cookiecutter.{name} " + "}" + "}", shown)
    return text


def filled_in(content: bytes, path: str, parts: dict[str, str]) -> bytes:
    """The content of a file of the project, with parts and answers where it has places for them."""
    if b" cookiecutter." not in content and b" parts: " not in content:
        return content
    return with_answers(with_parts(content.decode(), parts), path).encode()


def lay(sources: dict[str, str], parts: dict[str, str]) -> None:
    """Write the files of the options, and fill in those of the base, which Cookiecutter copied as they are."""
    for copied in COPIED:
        for path in files(named(copied)):
            content = read(path)
            filled = filled_in(content, path, parts)
            if filled != content:
                write(path, filled)
    for target, source in sources.items():
        path = os.path.join(TEMPLATE, source)
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        write(target, filled_in(read(path), target, parts))
        os.chmod(target, os.stat(path).st_mode)


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
    # The glibc of Linux gives git's memory back after each file otherwise, which takes it a third of its time.
    os.environ["MALLOC_TOP_PAD_"] = str(1 << 24)
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
    lay(*chosen_files())
    if os.path.exists(OLDER):
        bring_back(OLDER, ".")
        remove(OLDER)
    if "_commit" not in ANSWERS:  # cruft sets it
        start_repository()
        say_what_is_next()


if __name__ == "__main__":
    main()
