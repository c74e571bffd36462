"""The Dockerfile, compose.yaml and the pipeline: linted, valid by their schemas, and without secrets."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from .compose_file import COMPOSE, DOCKERFILE
from .findings import Checks, Finding, NotHere

WORKFLOWS = Path(".github/workflows")

# Where a pipeline may be, and the schemas of check-jsonschema for it.
PIPELINES = {
    ".github/workflows/*.y*ml": (
        "vendor.github-workflows",
        "custom.github-workflows-require-timeout",
    ),
    ".github/dependabot.yml": ("vendor.dependabot",),
    ".gitlab-ci.yml": ("vendor.gitlab-ci",),
    "renovate.json": ("vendor.renovate",),
}
NAME = r"\w*(?:SECRET|TOKEN|PASSWORD|PASSWD|DSN|API_?KEY|DATABASE_URL)(?:_\w+)?"
# A name of a secret that is given a value: one that ends in _FILE gives none away.
GIVEN = {
    DOCKERFILE: re.compile(
        rf"^\s*(?:(?:ARG|ENV)\s+)?(?:\w+=\S*\s+)*(?P<name>{NAME})(?:=|\s|$)", re.IGNORECASE
    ),
    COMPOSE: re.compile(rf"^\s*-?\s*['\"]?(?P<name>{NAME})['\"]?\s*[:=]\s*\S", re.IGNORECASE),
}


def dockerfile() -> Iterator[Finding]:
    """What hadolint finds."""
    for found in json.loads(_output("hadolint", "--no-color", "--format", "json", str(DOCKERFILE))):
        yield Finding(DOCKERFILE, found["line"], f"{found['code']}: {found['message']}")


def secrets() -> Iterator[Finding]:
    """Each secret that is written down, or would be sent to the engine."""
    for path, pattern in GIVEN.items():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = None if line.lstrip().startswith("#") else pattern.match(line)
            if found and not found["name"].upper().endswith("_FILE"):
                name = found["name"].upper()
                message = f"{name} is readable here: put it into a file and set {name}_FILE"
                yield Finding(path, number, message)
    ignored = Path(".dockerignore")
    lines = ignored.read_text(encoding="utf-8").splitlines()
    if "*" not in lines:
        yield Finding(
            ignored, 1, "ignore everything with a line `*`, then name what the image needs"
        )
    for number, line in enumerate(lines, 1):
        if re.match(r"!(\./)?(\.env|secrets|\*|\.?$)", line):
            yield Finding(ignored, number, f"{line} lets secrets into a layer of the image")


def compose() -> Iterator[Finding]:
    """What the schema of Compose does not know."""
    return _schema("vendor.compose-spec", COMPOSE)


def pipeline() -> Iterator[Finding]:
    """What the schemas of the pipeline do not know, and jobs that may run without end."""
    for pattern, schemas in PIPELINES.items():
        for path in sorted(Path().glob(pattern)):
            for schema in schemas:
                yield from _schema(schema, path)


def audit() -> Iterator[Finding]:
    """What zizmor finds in the workflows of GitHub: rights, pins, injected code."""
    if not WORKFLOWS.exists():
        return
    strict = ["--offline", "--persona", "pedantic", "--min-severity", "low"]
    for found in json.loads(_output("zizmor", *strict, "--format", "json", ".github")):
        where = next(at for at in found["locations"] if at["symbolic"]["kind"] == "Primary")
        path = Path(where["symbolic"]["key"]["Local"]["verbatim_path"])
        line = where["concrete"]["location"]["start_point"]["row"] + 1
        yield Finding(
            path, line, f"{found['ident']}: {where['symbolic']['annotation']}: {found['url']}"
        )


CHECKS: Checks = {
    "image": dockerfile,
    "secrets": secrets,
    "compose": compose,
    "pipeline": pipeline,
    "workflow audit": audit,
}


def _output(program: str, *arguments: str) -> str:
    """What a tool of the environment prints, whatever its exit code.

    Raises:
        NotHere: the tool is not installed.
        RuntimeError: it printed nothing, as it could not look at the files.
    """
    path = Path(sys.executable).with_name(program)
    if not path.exists():
        raise NotHere(f"{program} is missing: uv add --dev {program}")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if not done.stdout:
        raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _schema(schema: str, path: Path) -> Iterator[Finding]:
    transform = ["--data-transform", "gitlab-ci"] if schema == "vendor.gitlab-ci" else []
    arguments = ["--output-format", "json", "--builtin-schema", schema, *transform, str(path)]
    result = json.loads(_output("check-jsonschema", *arguments))
    for error in result.get("parse_errors", ()):
        yield Finding(path, 1, error["message"])
    for error in result.get("errors", ()):
        best = error.get("best_deep_match", error)
        message = best["message"] if len(best["message"]) < 200 else "fits no form of the schema"
        place = best["path"].removeprefix("$").lstrip(".") or "the file"
        yield Finding(path, _line(path, best["path"], message), f"{place}: {message}")


def _line(path: Path, place: str, message: str) -> int:
    """The line of `$.services.service.ports[0]`, or of the key in it that the message quotes."""
    node: Any = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for step in _steps(place):
        keys = _keys(node)
        if isinstance(step, int) and isinstance(node, yaml.SequenceNode):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif step in keys:
            key, node = keys[step]
            line = key.start_mark.line + 1
    quoted = [key for name, (key, _) in _keys(node).items() if f"'{name}'" in message]
    return quoted[0].start_mark.line + 1 if quoted else line


def _keys(node: object) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {key.value: (key, value) for key, value in pairs}


def _steps(place: str) -> Iterable[str | int]:
    """The steps of a path like `$.jobs.test.steps[0]['runs-on']`."""
    for name, quoted, index in re.findall(r"\.([^.\[]+)|\['([^']+)'\]|\[(\d+)\]", place):
        yield int(index) if index else name or quoted
