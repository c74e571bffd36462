"""The image is built step by step as its Dockerfile says, without an engine, and runs confined as compose.yaml has it.

What only an engine does is tried in `tests/engine/`: layers, and the steps of ENGINE.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bakery import ROOT, Answers, Bakery, Project, environment
from server import Server, free_port, wait_until_ready

VARIANTS: dict[str, Answers] = {
    "fastapi": {"framework": "fastapi"},
    "django": {"framework": "django", "database": "postgresql", "workers": "several"},
}
ENGINE = re.compile(r"useradd ")  # changes /etc and needs root: what an engine does in a file system of its own
SECRET = "planted-secret-of-at-least-32-characters"  # noqa: S105 - looked for everywhere
PLACES = ("/opt/service", "/build", "/data")

# As root in a mount namespace of its own: the file system is read-only but for /dev/shm, a temporary folder and the
# data; then as the image's user, without any capability.
CONFINED = """
set -e
data=$1 scratch=$2; shift 2
mount --make-rprivate /
mount --bind "$data" "$data"
mount -t tmpfs -o mode=1777 tmpfs "$scratch"
mount -o remount,bind,ro /
cd "$data"
exec setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction with its arguments, on one line."""
    lines = "\n".join(line for line in dockerfile.splitlines() if line and not line.startswith("#"))
    for line in lines.replace("\\\n", "").splitlines():
        word, _, rest = line.partition(" ")
        yield word, rest.strip()


@dataclass
class Image:
    """What the steps of a Dockerfile make, below a folder that stands for the root of both stages.

    Its folder `tools` has the pip and the Python that the base image brings.
    """

    root: Path
    folder: Path = Path()
    variables: dict[str, str] = field(default_factory=dict)
    start: list[str] = field(default_factory=list)
    probe: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def here(self, text: str) -> str:
        """Return a text in which the places of the image are those below the root."""
        return re.sub(rf"(?<![\w/])({'|'.join(PLACES)})(?![\w-])", rf"{self.root}\1", text)

    def send(self, project: Project) -> None:
        """Copy what .dockerignore lets through into `context`, as the client of an engine sends it."""
        visible = project.text(".dockerignore").splitlines()
        assert "*" in visible
        for name in (line.removeprefix("!") for line in visible if line.startswith("!")):
            self.copy(project.path / name, self.root / "context" / name)

    def copy(self, source: Path, target: Path) -> None:
        """Copy a file, or what is in a folder."""
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)

    def step(self, word: str, rest: str) -> None:
        """Do what an instruction says; those that say nothing of the files or the process do nothing here."""
        match word:
            case "FROM":
                self.variables = {"PATH": f"{self.root}/tools/bin:/usr/local/bin:/usr/bin:/bin"}
            case "ENV":
                pairs = (pair.partition("=") for pair in shlex.split(rest.replace("$PATH", self.variables["PATH"])))
                self.variables |= {name: self.here(value) for name, _, value in pairs}
            case "WORKDIR":
                self.folder = Path(self.here(rest))
            case "COPY" if not rest.startswith("--from"):
                *sources, target = rest.split()
                for source in sources:
                    name = source if target == "./" else target
                    self.copy(self.root / "context" / source, self.folder / name)
            case "RUN":
                self.run(rest)
            case "HEALTHCHECK":
                self.probe = json.loads(rest.partition("CMD ")[2])
            case "ENTRYPOINT" | "CMD":
                self.start += json.loads(rest)

    def run(self, command: str) -> None:
        """Run a command of a stage, unless only an engine can."""
        if ENGINE.search(command):
            self.skipped.append(command)
        else:
            shell = ["sh", "-ec", self.here(command)]
            subprocess.run(shell, cwd=self.folder, env=environment(**self.variables), check=True)


def build(project: Project, root: Path) -> Image:
    """Follow the Dockerfile of a project."""
    image = Image(root)
    for place in PLACES:
        (root / place.lstrip("/")).mkdir(parents=True)
    image.send(project)
    for word, rest in instructions(project.text("Dockerfile")):
        image.step(word, rest)
    return image


@pytest.fixture(scope="module", params=VARIANTS)
def image(request: pytest.FixtureRequest, workshop: Callable[[Answers], Project]) -> Iterator[Image]:
    """Return the image of an ASGI and of a WSGI variant, built beside files that must stay out of it."""
    project = workshop(VARIANTS[request.param])
    root = Path(tempfile.mkdtemp(prefix="image-"))
    root.chmod(0o755)  # another user runs what is built
    try:
        beside = Project(root / "project", project.answers)
        shutil.copytree(project.path, beside.path, ignore=shutil.ignore_patterns(".venv", ".git"))
        (beside.path / ".env").write_text(f"SECRET_KEY={SECRET}\n", encoding="utf-8")
        (beside.path / "secrets").mkdir()
        (beside.path / "secrets/secret_key").write_text(SECRET, encoding="utf-8")
        subprocess.run([sys.executable, "-m", "venv", str(root / "tools")], check=True)
        built = build(beside, root)
        shutil.rmtree(beside.path)
        shutil.rmtree(root / "build")
        yield built
    finally:
        shutil.rmtree(root)


def test_the_image_has_the_service_and_neither_tools_tests_nor_secrets(image: Image) -> None:
    service = image.root / "opt/service"
    packages = next(service.glob("lib/python*/site-packages"))
    names = {path.name for path in packages.iterdir()}
    assert {"example_service", "gunicorn"} < names
    assert not names & {"tools", "tests", "pytest", "ruff", "uv", "mypy"}
    assert {path.name for path in (image.root / "context").iterdir()} == {
        "pyproject.toml",
        "uv.lock",
        "README.md",
        "LICENSE",
        "src",
    }
    texts = [path.read_bytes() for path in image.root.rglob("*") if path.is_file() and "tools" not in path.parts]
    assert len(texts) > 500
    assert [text for text in texts if SECRET.encode() in text] == []
    assert list(packages.glob("example_service/__pycache__/*.pyc")) != []  # a read-only image compiles nothing later
    assert len(image.skipped) == 1


def test_it_serves_without_root_and_capabilities_on_a_read_only_file_system(image: Image, figures: list[str]) -> None:
    data, secrets = image.root / "data", image.root / "secrets"
    os.chown(data, 10001, 10001)
    secrets.mkdir()
    for name in ("secret_key", "operations_token"):
        (secrets / name).write_text(f"{name}-{SECRET}\n", encoding="utf-8")
    scratch = image.root / "scratch"
    scratch.mkdir()
    server = Server(free_port())
    variables = {
        **image.variables,
        "PORT": str(server.port),
        "TMPDIR": str(scratch),
        "SECRET_KEY_FILE": str(secrets / "secret_key"),
        "OPERATIONS_TOKEN_FILE": str(secrets / "operations_token"),
        "SHUTDOWN_DRAIN_SECONDS": "0",
    }
    confined = ["unshare", "--mount", "sh", "-c", CONFINED, "sh", str(data), str(scratch)]
    probe = [*confined, *image.probe]
    log = image.root / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([*confined, *image.start], env=variables, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until_ready(server, process)
            for path in ("/livez", "/readyz"):
                subprocess.run(probe, env={**variables, "HEALTHCHECK_PATH": path}, check=True)
            unhealthy = subprocess.run(probe, env={**variables, "HEALTHCHECK_PATH": "/metrics"}, check=False).returncode
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            stored = {"url": "https://example.com/", "title": "Example"}
            answers = [
                server.ask("GET", "/metrics").status,
                server.ask("POST", "/api/bookmarks", stored).status,
                server.ask("GET", "/api/bookmarks").status,
            ]
        except BaseException as error:
            error.add_note(log.read_text(encoding="utf-8"))
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(30)
    assert (unhealthy, answers, ended) == (1, [401, 201, 200], 0), log.read_text(encoding="utf-8")
    assert re.search(r"^Uid:\t10001\t10001\t10001\t10001$", status, re.MULTILINE)
    assert re.search(r"^Cap(?:Eff|Prm):\t0000000000000000$", status, re.MULTILINE)
    assert subprocess.run(probe, env=variables, check=False, capture_output=True).returncode == 1
    assert {path.name for path in data.iterdir()} <= {"service.db", "service.db-wal", "service.db-shm"}
    assert (data / "service.db").exists()
    assert SECRET not in log.read_text(encoding="utf-8")
    size = sum(
        path.stat().st_size for path in (image.root / "opt").rglob("*") if path.is_file() and not path.is_symlink()
    )
    figures.append(f"image: /opt/service has {size / 1e6:.0f} MB")


def test_the_tools_of_the_image_are_those_of_the_project(bakery: Bakery) -> None:
    """One version of uv locks, checks and builds."""
    project = bakery.bake()
    wanted = re.findall(r"uv==([\d.]+)", project.text("Dockerfile") + project.text(".pre-commit-config.yaml"))
    assert len(wanted) == 2
    assert len(set(wanted)) == 1


def test_every_base_is_pinned_by_version_and_digest() -> None:
    dockerfile = (ROOT / "options/deployment/compose/Dockerfile").read_text(encoding="utf-8")
    bases = [rest.split()[0] for word, rest in instructions(dockerfile) if word == "FROM"]
    assert len(bases) == 2
    assert len({re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base)[0] for base in bases}) == 1  # type: ignore[index]


def test_what_changes_with_each_commit_comes_after_every_layer() -> None:
    dockerfile = (ROOT / "options/deployment/compose/Dockerfile").read_text(encoding="utf-8")
    words = [word for word, _ in instructions(dockerfile)]
    assert words[words.index("ARG") :] == ["ARG", "ARG", "LABEL"]
