"""The Dockerfile, compose.yaml and the pipeline: linted, valid by their schemas, and without secrets."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from .compose_file import COMPOSE, DOCKERFILE
from .documents import Entry, Text, content, lines, read
from .findings import Finding, Findings, run, wrong

IGNORED = Path(".dockerignore")
# Where a pipeline may be, and the schemas of check-jsonschema for it.
PIPELINES = {
    ".github/workflows/*.y*ml": ("github-workflows", "github-workflows-require-timeout"),
    ".github/dependabot.yml": ("dependabot",),
    ".gitlab-ci.yml": ("gitlab-ci --data-transform gitlab-ci",),
    "renovate.json": ("renovate",),
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


def check_compose() -> Findings:
    """What the schema of Compose does not know."""
    return _schema("compose-spec", COMPOSE)


def check_pipeline() -> Findings:
    """What the schemas of the pipeline do not know, and jobs that may run without end."""
    for pattern, schemas in PIPELINES.items():
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
    kind = "custom" if schema.endswith("timeout") else "vendor"
    command = f"check-jsonschema --output-format json --builtin-schema {kind}.{schema}"
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
