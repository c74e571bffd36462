"""The Dockerfile, compose.yaml and the pipeline: linted, valid by their schemas, and without secrets."""

import json
import re
import tomllib
from contextlib import suppress
from difflib import get_close_matches
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

from .compose_file import COMPOSE, DOCKERFILE
from .documents import Entry, Text, content, lines, read
from .findings import Finding, Findings, run, wrong

IGNORED = Path(".dockerignore")
PROJECT = Path("pyproject.toml")
TARGETS = re.compile(r"^([\w. -]+):(?!=)")
MAKE = re.compile(r"(?:^ *(?:- )?|(?:run|script): *|[;&|(] *)make ([a-z][\w-]*)")
# Where compose.yaml and the pipeline may be, and the schemas of check-jsonschema for them.
SCHEMAS = {
    "compose.yaml": ("vendor.compose-spec",),
    ".github/workflows/*.y*ml": (
        "vendor.github-workflows",
        "custom.github-workflows-require-timeout",
    ),
    ".github/dependabot.yml": ("vendor.dependabot",),
    ".gitlab-ci.yml": ("vendor.gitlab-ci --data-transform gitlab-ci",),
    "renovate.json": ("vendor.renovate",),
}
NAME = r"\w*(?:SECRET|TOKEN|PASSWORD|PASSWD|DSN|API_?KEY|DATABASE_URL)(?:_\w+)?"
# A name of a secret that is given a value: one that ends in _FILE gives none away.
GIVEN = {
    DOCKERFILE: re.compile(rf"(?i)\s*(?:(?:ARG|ENV)\s+)?(?:\w+=\S*\s+)*({NAME})(?:=|\s|$)"),
    COMPOSE: re.compile(rf"(?i)\s*-?\s*['\"]?({NAME})['\"]?\s*[:=]\s*\S"),
}
STEP = re.compile(r"\.([^.\[]+)|\['([^']+)'\]|\[(\d+)\]")


def check_image() -> Findings:
    """What hadolint finds."""
    for found in _output("hadolint --no-color --format json", str(DOCKERFILE)):
        yield Finding(DOCKERFILE, found["line"], f"{found['code']}: {found['message']}")


def check_secrets() -> Findings:
    """Each secret that is written down, or would be sent to the engine."""
    for path, pattern in GIVEN.items():
        for line in lines(path):
            found = pattern.match(line)
            if found and not (name := found[1].upper()).endswith("_FILE"):
                right = f"put it into a file and set {name}_FILE"
                yield wrong(line, f"{name} is readable here: {right}")
    if "*" not in content(IGNORED):
        right = "ignore everything with a line `*`, then name what the image needs"
        yield Finding(IGNORED, 1, right)
    for line in lines(IGNORED):
        if re.match(r"!(\./)?(\.env|secrets|\*|\.?$)", line):
            yield wrong(line, f"{line} lets secrets into a layer of the image")


def check_context() -> Findings:
    """Find what the image copies and .dockerignore keeps back."""
    sent = [PurePath(line[1:]) for line in lines(IGNORED) if line.startswith("!")]
    for line in (one for one in lines(DOCKERFILE) if re.match("COPY (?!--from)", one)):
        for source in (PurePath(word) for word in line.split()[1:-1] if word[0] not in "-[<*"):
            below = (source.is_relative_to(one) or one.is_relative_to(source) for one in sent)
            if not any(below) and not any(source.match(str(one)) for one in sent):
                yield wrong(line, f"{IGNORED} keeps {source} back: add a line !{source}")


def check_start() -> Findings:
    """Find an image that starts no script of the project."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    scripts = project.get("scripts", {})
    known = {*scripts, *(module.partition(".")[0] for module in scripts.values())}
    for line in lines(DOCKERFILE):
        if line.startswith("ENTRYPOINT") and not known & {*re.findall(r"[\w-]+", line)}:
            right = ", ".join(scripts)
            yield wrong(line, f"must start what [project.scripts] of {PROJECT} has: {right}")


def check_make_targets() -> Findings:
    """Find commands of the pipeline that call make for nearly what it knows."""
    makefiles = chain.from_iterable(map(lines, (Path("Makefile"), *Path().glob("*.mk"))))
    known = {
        word for line in makefiles for found in TARGETS.findall(line) for word in found.split()
    }
    for line in chain.from_iterable(map(lines, chain.from_iterable(map(Path().glob, SCHEMAS)))):
        for target in {*MAKE.findall(line)} - known:
            for near in get_close_matches(target, known, 1):
                yield wrong(line, f"{target} is no target of the Makefile: {near}?")


def check_schemas() -> Findings:
    """What the schemas of Compose and the pipeline do not know, and jobs that may run without end."""
    for pattern, schemas in SCHEMAS.items():
        for schema in schemas:
            yield from _schema(schema, *sorted(Path().glob(pattern)))


def check_workflow_audit() -> Findings:
    """What zizmor finds in the workflows of GitHub: rights, pins, injected code."""
    strict = "--offline --persona pedantic --min-severity low --format json"
    folder = Path(".github")
    for found in _output(f"zizmor {strict}", str(folder)) if folder.exists() else ():
        where = next(at for at in found["locations"] if at["symbolic"]["kind"] == "Primary")
        path = Path(where["symbolic"]["key"]["Local"]["verbatim_path"])
        line = where["concrete"]["location"]["start_point"]["row"] + 1
        problem = f"{found['ident']}: {where['symbolic']['annotation']}: {found['url']}"
        yield Finding(path, line, problem)


def _output(command: str, *files: str) -> Any:
    """What a tool prints as JSON, whatever its exit code.

    Raises:
        RuntimeError: it printed nothing, as it could not look at the files.
    """
    done = run(command, *files)
    if not done.stdout:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def _schema(schema: str, *paths: Path) -> Findings:
    if not paths:
        return
    command = f"check-jsonschema --output-format json --builtin-schema {schema}"
    result = _output(command, *map(str, paths))
    for error in result.get("parse_errors", ()):
        yield Finding(Path(error["filename"]), 1, error["message"])
    for error in result.get("errors", ()):
        path, best = Path(error["filename"]), error.get("best_deep_match", error)
        message = best["message"] if len(best["message"]) < 200 else "fits no form of the schema"
        name = best["path"].removeprefix("$").lstrip(".") or "the file"
        yield wrong(_place(path, best["path"], message), f"{name}: {message}")


def _place(path: Path, steps: str, message: str) -> Text | Entry:
    """That of `$.jobs.test.steps[0]['runs-on']`, or of the key in it that the message quotes."""
    node = read(path)
    place: Text | Entry = Text("", path, 1)
    for name, quoted, index in STEP.findall(steps):
        with suppress(LookupError, TypeError):  # a transformation moved it
            place = node.at(name or quoted) if isinstance(node, Entry) else place
            node = node[int(index) if index else name or quoted]
            place = node if index and isinstance(node, Entry | Text) else place
    keys = node if isinstance(node, Entry) else ()
    return next((key for key in keys if f"'{key}'" in message), place)
