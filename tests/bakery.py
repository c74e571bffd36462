"""Bakes projects from the template and runs commands in them."""

import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from cookiecutter.main import cookiecutter

ROOT = Path(__file__).resolve().parent.parent
TREE = "{{cookiecutter.project_slug}}"
CACHE = ROOT / ".cache"

Answers = dict[str, str]

# Questions whose answers change nothing that runs here, with the files that they add: one variant per answer is enough.
APART = {
    "ci": (".github", ".gitlab-ci.yml", "renovate.json", "docs/deployment.md"),
    "license": ("LICENSE",),
}

# Questions with two answers each, of whose combinations half are run: those in which every two answers meet.
PAIRED = ("database", "workers", "jobs")

# Set by the make, pytest, git or virtual environment that runs these tests; a project must not see them.
FOREIGN = re.compile(
    r"ARGS$|OUTPUT$|PYTHON$|DATE$|GIT_|MAKE|MFLAGS|PYTEST_|COV|UV_PROJECT|VIRTUAL_ENV|PYTHONPATH|PYTHONHOME|PYTHONDONTWRITEBYTECODE|HOST$|PORT$|CLICOLOR|FORCE_COLOR"
)


def questions(template: Path = ROOT) -> dict[str, str | list[str]]:
    """Return the public questions with their default or, for a choice, all answers."""
    everything = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    return {name: default for name, default in everything.items() if not name.startswith("_")}


def variants(template: Path = ROOT) -> Iterator[Answers]:
    """Yield the product of all choices but those APART, and then each other answer to one of these."""
    choices = {name: answers for name, answers in questions(template).items() if isinstance(answers, list)}
    apart = {name: choices.pop(name) for name in APART if name in choices}
    for combination in itertools.product(*choices.values()):
        yield dict(zip(choices, combination, strict=True))
    usual = {name: answers[0] for name, answers in choices.items()}
    yield from ({**usual, name: answer} for name, answers in apart.items() for answer in answers[1:])


def name_of(answers: Answers) -> str:
    """Name a variant in a test's id."""
    return "-".join(answers.values())


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment as a newcomer's shell would have it, with the caches shared."""
    binaries = str(ROOT / ".venv")
    path = os.pathsep.join(entry for entry in os.environ["PATH"].split(os.pathsep) if not entry.startswith(binaries))
    own = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    shared = {"PRE_COMMIT_HOME": str(CACHE / "pre-commit"), "MYPY_CACHE_DIR": str(CACHE / "mypy")}
    return {**own, "PATH": path, **shared, **more}


@dataclass(frozen=True)
class Project:
    """A generated project, with all its answers: public, private and derived."""

    path: Path
    answers: Answers = field(default_factory=dict)

    def run(self, *command: str, check: bool = True, more: Answers | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, with `more` environment variables; show its output if it fails."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=environment(**more or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0 or not check, f"{' '.join(command)} ended {done.returncode}:\n{done.stdout}"
        return done

    def files(self) -> list[Path]:
        """Return every file, relative and sorted, without those of git."""
        found = (path.relative_to(self.path) for path in self.path.rglob("*") if not path.is_dir())
        return sorted(path for path in found if path.parts[0] != ".git")

    def contents(self) -> dict[str, bytes]:
        """Return every file's bytes."""
        return {path.as_posix(): (self.path / path).read_bytes() for path in self.files()}

    def text(self, name: str | Path) -> str:
        """Return one file's text; of a picture, something that is none."""
        return (self.path / name).read_bytes().decode(errors="surrogateescape")

    def tracked(self) -> list[Path]:
        """Return the files that git tracks, sorted."""
        names = self.run("git", "ls-files", "-z").stdout.split("\0")
        return sorted(Path(name) for name in names if name)

    def fingerprint(self) -> str:
        """Return a digest of what runs: all but the licence, the pipeline, and the lines that name these."""
        digest = hashlib.sha256()
        for name, content in self.contents().items():
            if {name, name.partition("/")[0]}.isdisjoint(itertools.chain(*APART.values())):
                kept = [line for line in content.splitlines() if not re.search(rb"(?i)licen[cs]e|\bci: |zizmor", line)]
                digest.update(b"\0".join([name.encode(), *kept, b""]))
        return digest.hexdigest()


class Bakery:
    """Bakes each set of answers once and keeps the result; nobody may change what it returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.baked: dict[tuple[Path, frozenset[tuple[str, str]]], Project] = {}
        self.config = folder / "cookiecutter.yaml"
        self.config.write_text(
            f"cookiecutters_dir: {folder}/templates\nreplay_dir: {folder}/replay\n", encoding="utf-8"
        )

    def bake(self, answers: Answers | None = None, template: Path = ROOT) -> Project:
        """Return the project of these answers, the other questions answered with their defaults."""
        key = (template, frozenset((answers or {}).items()))
        if key not in self.baked:
            self.baked[key] = self.bake_into(self.folder / f"baked-{len(self.baked)}", answers, template)
        return self.baked[key]

    def bake_into(
        self, output: Path, answers: Answers | None = None, template: Path = ROOT, **options: bool
    ) -> Project:
        """Bake into a folder of the caller's; `options` are those of cookiecutter."""
        output.mkdir(parents=True, exist_ok=True)
        with patch.object(tempfile, "tempdir", str(self.folder)):  # Cookiecutter leaves there the hooks that it ran
            path = cookiecutter(
                str(template),
                no_input=True,
                extra_context=dict(answers or {}),
                output_dir=str(output),
                config_file=str(self.config),
                **options,
            )
        replay = json.loads((self.folder / "replay" / f"{template.name}.json").read_text(encoding="utf-8"))
        return Project(Path(path), replay["cookiecutter"])

    def distinct(self) -> list[Answers]:
        """Return one variant of each group in which the same files run, and of these groups half: see PAIRED."""
        groups: dict[str, Answers] = {}
        for answers in variants():
            groups.setdefault(self.bake(answers).fingerprint(), answers)
        first = {name: answers[0] for name, answers in questions().items()}
        return [one for one in groups.values() if sum(one[name] != first[name] for name in PAIRED) % 2 == 0]


def copy_of_template(folder: Path) -> Path:
    """Copy what a commit of the working tree would hold, to be changed by the test."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def commit_all(folder: Path, message: str) -> None:
    """Commit everything in a folder, which becomes a repository if it is none."""
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    Project(folder).run("git", "init", "--quiet", "--initial-branch=main")
    Project(folder).run("git", "add", "--all")
    Project(folder).run("git", *who, "commit", "--quiet", "--no-verify", f"--message={message}")
