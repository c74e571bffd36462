"""The image, compose.yaml and each pipeline are valid, pinned and limited, and a mistake in them is found."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from bakery import Answers, Bakery, Project, environment

DIGEST = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")
ANSWERS = {
    "github": [".github/dependabot.yml", ".github/workflows/newest.yaml", ".github/workflows/test.yaml"],
    "gitlab": [".gitlab-ci.yml", "renovate.json"],
    "none": [],
}
PROGRAM = """
import sys
from tools.monitoring import delivery
for finding in getattr(delivery, f"check_{sys.argv[1].replace(' ', '_')}")():
    print(finding)
"""


@pytest.fixture(scope="module")
def python(workshop: Callable[[Answers], Project]) -> Path:
    """Return the interpreter of an installed project, with its tools."""
    return workshop({}).path / ".venv/bin/python"


@pytest.fixture
def findings(python: Path, bakery: Bakery, tmp_path: Path) -> Callable[..., list[str]]:
    """Return the function that renders a project, changes one text in one file, and returns what a check finds."""

    def find(check: str, name: str = "", old: str = "", new: str = "", **answers: str) -> list[str]:
        folder = tmp_path / "project"
        shutil.copytree(bakery.bake(answers).path, folder, ignore=shutil.ignore_patterns(".git"))
        if name:
            text = (folder / name).read_text(encoding="utf-8")
            assert text.count(old) == 1, text.count(old)
            (folder / name).write_text(text.replace(old, new), encoding="utf-8")
        command = [str(python), "-c", PROGRAM, check]
        done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return find


def compose(bakery: Bakery, **answers: str) -> dict[str, Any]:
    """Return the parsed compose.yaml."""
    document = yaml.safe_load(bakery.bake(answers).text("compose.yaml"))
    assert isinstance(document, dict)
    return document


def line_of(bakery: Bakery, name: str, text: str, **answers: str) -> int:
    """Return the number of the only line with a text, or of the line that will be in its place."""
    lines = bakery.bake(answers).text(name).splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if text in line]
    return number


@pytest.mark.parametrize("ci", ANSWERS)
def test_an_answer_adds_its_pipeline_and_nothing_else_that_runs(bakery: Bakery, ci: str) -> None:
    usual, project = bakery.bake(), bakery.bake({"ci": ci})
    every = {name for names in ANSWERS.values() for name in names}
    assert sorted(every & project.contents().keys()) == ANSWERS[ci]
    assert project.fingerprint() == usual.fingerprint()


@pytest.mark.parametrize("ci", ANSWERS)
@pytest.mark.parametrize("check", ["schemas", "workflow audit", "secrets", "image", "context", "start", "make targets"])
def test_what_is_generated_is_valid_and_clean(findings: Callable[..., list[str]], check: str, ci: str) -> None:
    assert findings(check, ci=ci, database="postgresql" if ci == "gitlab" else "sqlite") == []


class Mistake(NamedTuple):
    """A check, the change in a file that it must notice, how its finding begins, and where if not in that file."""

    check: str
    name: str
    old: str
    new: str
    found: str
    where: str = ""
    at: str = ""


NEWEST = ".github/workflows/newest.yaml"
MISTAKES = [
    ("schemas", "compose.yaml", "    user: postgres", "    usr: postgres", "services.database: .*'usr'"),
    (
        "schemas",
        "compose.yaml",
        "    stop_signal: SIGQUIT",
        "    stop_signal: [3]",
        r"services.nginx.stop_signal: ",
    ),
    (
        "secrets",
        "compose.yaml",
        "POSTGRES_PASSWORD_FILE: /run/s",
        "POSTGRES_PASSWORD: /run/s",
        "POSTGRES_PASSWORD ",
    ),
    ("secrets", "Dockerfile", "ENV ENVIRONMENT=production HOST", "ENV SECRET_KEY=a HOST", "SECRET_KEY is readable"),
    ("secrets", "Dockerfile", "ARG REVISION=unknown", "ARG SENTRY_DSN", "SENTRY_DSN is readable here"),
    ("secrets", ".dockerignore", "!src", "!.env", "!.env lets secrets"),
    ("image", "Dockerfile", "RUN pip install --no-cache-dir", "RUN pip install", "DL3042: "),
    ("image", "Dockerfile", "WORKDIR /data", "WORKDIR data", "DL3000: "),
    (
        "schemas",
        ".github/workflows/test.yaml",
        "      fail-fast: false",
        "      fail-fats: false",
        "jobs.test.*: .*'fail-fats'",
    ),
    (
        "schemas",
        ".github/workflows/newest.yaml",
        "    timeout-minutes: 20\n",
        "",
        "jobs.newest: .*timeout-minutes",
    ),
    ("schemas", ".github/dependabot.yml", "version: 2", "versoin: 2", "the file: "),
    (
        "make targets",
        ".github/workflows/test.yaml",
        "- run: make monitoring-check",
        "- run: make monitoring-chek",
        r"monitoring-chek is no target of the Makefile: monitoring-check\?",
    ),
    ("make targets", "Makefile", "upgrade: |", "update: |", "upgrade is no", NEWEST, "run: make upgrade"),
    (
        "context",
        ".dockerignore",
        "!uv.lock\n",
        "",
        r"\.dockerignore keeps uv.lock back: ",
        "Dockerfile",
        "COPY pyproject",
    ),
    (
        "start",
        "Dockerfile",
        'ENTRYPOINT ["example-service"]',
        'ENTRYPOINT ["exampl-service"]',
        r"must start what \[project.scripts\] of pyproject.toml has: example-service",
    ),
    (
        "workflow audit",
        ".github/workflows/newest.yaml",
        "  contents: read",
        "  contents: write",
        "excessive-permissions: ",
    ),
    (
        "workflow audit",
        ".github/workflows/newest.yaml",
        "checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
        "checkout@v7",
        "unpinned-uses: ",
    ),
]


@pytest.mark.parametrize("mistake", [Mistake(*row) for row in MISTAKES])
def test_a_mistake_is_found_with_its_file_and_line(
    bakery: Bakery, findings: Callable[..., list[str]], mistake: Mistake
) -> None:
    answers = {"database": "postgresql"}
    printed = findings(*mistake[:4], **answers)
    # Of a key that is missing, the line of what lacks it.
    place = mistake.at or (mistake.old.splitlines()[0] if mistake.new else "  newest:")
    where = mistake.where or mistake.name
    begin = f"{re.escape(where)}:{line_of(bakery, where, place, **answers)}: {mistake.found}"
    assert [one for one in printed if re.match(begin, one)], printed


@pytest.mark.parametrize(
    ("check", "name", "old", "new"),
    [
        ("context", ".dockerignore", "!src", "!src/**"),
        ("context", "Dockerfile", "COPY src src", "COPY ./src/example_service/ src/example_service/"),
        ("start", "Dockerfile", '["example-service"]', '["python", "-m", "example_service"]'),
        ("start", "Dockerfile", '["example-service"]', '["tini", "--", "example-service"]'),
        ("make targets", ".github/workflows/test.yaml", "- run: make test", "- {name: make sure, run: make test -j2}"),
        ("make targets", ".github/workflows/test.yaml", "- run: make lint", "- run: apt-get install make python3"),
        (
            "make targets",
            ".github/workflows/test.yaml",
            "- run: make lint",
            "- {run: make html, working-directory: docs}",
        ),
    ],
)
def test_what_is_right_in_another_form_stays_right(
    findings: Callable[..., list[str]], check: str, name: str, old: str, new: str
) -> None:
    assert findings(check, name, old, new) == []


def test_a_misspelt_key_of_gitlab_is_found(bakery: Bakery, findings: Callable[..., list[str]]) -> None:
    line = line_of(bakery, ".gitlab-ci.yml", "  services:", ci="gitlab")
    (found,) = findings("schemas", ".gitlab-ci.yml", "  services:", "  sevices:", ci="gitlab")
    assert re.match(rf"\.gitlab-ci\.yml:{line}: container: .*'sevices'", found)


def test_every_action_and_image_is_pinned_by_digest(bakery: Bakery) -> None:
    used = []
    for path in (".github/workflows/newest.yaml", ".github/workflows/test.yaml"):
        for job in yaml.safe_load(bakery.bake().text(path))["jobs"].values():
            used += [step["uses"] for step in job["steps"] if "uses" in step]
    assert len(used) > 5
    assert [action for action in used if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action)] == []
    pipeline = yaml.safe_load(bakery.bake({"ci": "gitlab"}).text(".gitlab-ci.yml"))
    matrix = [f"python:{version}" for version in pipeline["test"]["parallel"]["matrix"][0]["PYTHON"]]
    images = [pipeline["default"]["image"], pipeline["container"]["image"], *pipeline["container"]["services"]]
    served = compose(bakery, database="postgresql")["services"].items()
    others = [service["image"] for name, service in served if name not in {"service", "migrate"}]
    assert (len(matrix), len(others)) == (4, 5)
    assert [image for image in [*matrix, *images, *others] if not DIGEST.fullmatch(image)] == []


def test_a_pipeline_tries_every_python_that_the_project_supports(bakery: Bakery) -> None:
    github = yaml.safe_load(bakery.bake().text(".github/workflows/test.yaml"))
    assert github["jobs"]["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    gitlab = yaml.safe_load(bakery.bake({"ci": "gitlab"}).text(".gitlab-ci.yml"))
    versions = gitlab["test"]["parallel"]["matrix"][0]["PYTHON"]
    assert [re.match(r"3\.\d+", version)[0] for version in versions] == ["3.11", "3.12", "3.13", "3.14"]  # type: ignore[index]


def test_updates_wait_for_a_week(bakery: Bakery) -> None:
    updates = yaml.safe_load(bakery.bake().text(".github/dependabot.yml"))["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "docker", "docker-compose"}
    assert [update["cooldown"] for update in updates] == [{"default-days": 7}] * 3
    assert json.loads(bakery.bake({"ci": "gitlab"}).text("renovate.json"))["minimumReleaseAge"] == "7 days"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_service_is_confined_limited_and_watched(bakery: Bakery, database: str) -> None:
    document = compose(bakery, database=database)
    services = document["services"]
    profiles = {name: service.get("profiles") for name, service in services.items()}
    of_the_database = {"postgresql": {"database": None, "migrate": None}, "sqlite": {}}[database]
    assert profiles == {
        "service": None,
        "nginx": ["proxy"],
        **{name: ["monitoring"] for name in ("prometheus", "alertmanager", "grafana")},
        **of_the_database,
    }
    for name, service in services.items():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert "healthcheck" in service or name == "service"  # the image has that
        used = {volume.partition(":")[0] for volume in service.get("volumes", []) if not volume.startswith("./")}
        assert used <= document["volumes"].keys()
        assert set(service.get("secrets", [])) <= document["secrets"].keys()
    assert {volume for volume in document["volumes"] if f"{volume}:" not in str(services)} == set()


def test_the_engine_waits_for_the_end_of_a_drain(bakery: Bakery) -> None:
    """The drain of production and the time-out are 5 and 20 seconds by default, and the rest takes 6 at most."""
    assert compose(bakery)["services"]["service"]["stop_grace_period"] == "40s"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_one_service_builds_the_image_that_others_run(bakery: Bakery, database: str) -> None:
    services = compose(bakery, database=database)["services"]
    image = services["service"]["image"]
    runs = {name: service.get("pull_policy") for name, service in services.items() if service["image"] == image}
    assert runs == {"service": None, **({"migrate": "never"} if database == "postgresql" else {})}
    assert [name for name, service in services.items() if "build" in service] == ["service"]


def test_secrets_are_random_for_their_owner_alone_and_stay(bakery: Bakery, tmp_path: Path) -> None:
    first = bakery.bake_into(tmp_path / "first", {"database": "postgresql"})
    second = bakery.bake_into(tmp_path / "second", {"database": "postgresql"})
    names = sorted(compose(bakery, database="postgresql")["secrets"])
    for project in (first, second):
        printed = project.run("make", "secrets").stdout
        assert sorted(printed.split()[1::2]) == [f"secrets/{name}" for name in names]
    folder = first.path / "secrets"
    values = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {(folder / name).stat().st_mode & 0o777 for name in names} == {0o644}  # overwritten to change one
    same = [name for name in names if (second.path / "secrets" / name).read_text(encoding="utf-8") == values[name]]
    nobody = [values.pop(name) for name in same]
    assert nobody == [f"http://nobody-is-told.invalid/{name}" for name in ("page", "ticket")]
    assert values.pop("database_url") == f"postgresql://service:{values['postgres_password']}@database:5432/service"
    assert [name for name, value in values.items() if not re.fullmatch("[0-9a-f]{64}", value)] == []
    (folder / "grafana_password").unlink()
    assert first.run("make", "secrets").stdout == "wrote secrets/grafana_password\n"
    assert (folder / "secret_key").read_text(encoding="utf-8") == values["secret_key"]
    assert first.run("git", "status", "--porcelain", "secrets").stdout == ""


def test_what_only_the_owner_has_is_asked_for_and_a_secret_without_a_value_is_an_error(
    bakery: Bakery, tmp_path: Path
) -> None:
    project = bakery.bake_into(tmp_path, {})
    file = project.path / "compose.yaml"
    text = re.sub(r"(?m)^  # (tls_\w+:|  file: \./secrets/tls_|  x-value: none)", r"  \1", project.text(file))
    file.write_text(text, encoding="utf-8")
    asked = [f"put yours into secrets/{name}, with the mode 644" for name in ("tls_certificate", "tls_key")]
    assert project.run("make", "secrets").stdout.splitlines()[-2:] == asked
    assert project.run("make", "secrets").stdout.splitlines() == asked
    folder = project.path / "secrets"
    for name, content in (("tls_certificate", b"\n"), ("secret_key", b"\xff" * 32)):
        (folder / name).write_bytes(content)
        ended = project.run("make", "secrets", check=False)
        message = f"secrets/{name} is empty or not UTF-8: put its value into it, or delete it"
        assert message in ended.stdout.splitlines()
        assert "Traceback" not in ended.stdout
        assert ended.returncode == 2


@pytest.fixture
def upgraded(bakery: Bakery, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Return the function that says where `make upgrade` moves the date; nothing is resolved, installed or run."""
    project = bakery.bake_into(tmp_path)

    def date_after(before: str, *arguments: str) -> str:
        settings = project.path / "pyproject.toml"
        text = re.sub(r"(?m)^exclude-newer = .*", f'exclude-newer = "{before}T00:00:00Z"', project.text(settings))
        settings.write_text(text, encoding="utf-8")
        project.run("make", "upgrade", "UV=true", "RUN=true", *arguments)
        return str(re.findall(r'(?m)^exclude-newer = "(.*)T00:00:00Z"$', project.text(settings))[0])

    yield date_after
    assert not (project.path / "pyproject.toml.old").exists()


def test_an_upgrade_is_a_week_late_and_never_goes_back(upgraded: Callable[..., str]) -> None:
    today: date = datetime.now(UTC).date()
    late = [str(today - timedelta(days)) for days in (7, 6)]  # it may be midnight, or another zone
    assert upgraded("2025-01-01") in {*late, str(today - timedelta(8))}
    assert upgraded("2025-01-01", "COOLDOWN_DAYS=0") in {
        str(today),
        str(today + timedelta(1)),
        str(today - timedelta(1)),
    }
    assert upgraded("2999-01-01") == "2999-01-01"


@pytest.mark.parametrize("wrong", ["COOLDOWN_DAYS=week", "PYTHON=no-python"])
def test_an_upgrade_that_knows_no_date_ends_with_a_message(bakery: Bakery, tmp_path: Path, wrong: str) -> None:
    project = bakery.bake_into(tmp_path)
    before = project.contents()
    ended = project.run("make", "upgrade", "UV=true", "RUN=true", wrong, check=False)
    assert ended.returncode == 2
    assert wrong in ended.stdout
    assert "Traceback" not in ended.stdout
    assert project.contents() == before
