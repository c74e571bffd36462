"""The how-to pages hold when they are followed word for word, in each framework and on both databases."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bakery import Answers, Bakery, Project, commit_all, environment, questions
from interpreters import uv
from test_pgbouncer import postgresql

# A file to write (its path stands in the line before), a change to apply, or commands to run.
BLOCK = re.compile(r"(?:`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
VARIANTS = [{"framework": framework} for framework in questions()["framework"]]
VARIANTS += [{"framework": "fastapi", "database": "postgresql"}]


def follow(project: Project, page: str, **more: str) -> list[str]:
    """Do what the page says, with more environment variables, and return what was written or run."""
    done = []
    for block in BLOCK.finditer(project.text(page)):
        path, kind, text = block.group("path", "kind", "text")
        match kind:
            case "sh":
                for command in text.splitlines():
                    project.run("sh", "-c", f". .venv/bin/activate && {command}", more=more)
                    done.append(command)
            case "diff":
                (project.path / "change").write_text(text, encoding="utf-8")
                project.run("git", "apply", "--verbose", "change")
                (project.path / "change").unlink()
                done += re.findall(r"^\+\+\+ b/(\S+)", text, re.MULTILINE)
            case _:
                assert path, f"{page} has a block of {kind} without the name of its file"
                (project.path / path).parent.mkdir(parents=True, exist_ok=True)
                (project.path / path).write_text(text, encoding="utf-8")
                done.append(path)
    return done


@pytest.fixture
def project(bakery: Bakery, tmp_path: Path) -> Callable[[Answers], Project]:
    """Return the function that generates and installs a project of its own for the test."""

    def install(answers: Answers) -> Project:
        project = bakery.bake_into(tmp_path, answers)
        project.run("make", "setup", f"UV={uv()}")
        project.run("git", "add", "--all")
        return project

    return install


@pytest.mark.parametrize("answers", VARIANTS, ids=lambda answers: "-".join(answers.values()))
def test_both_pages_are_followed_and_everything_stays_green(
    project: Callable[[Answers], Project], answers: Answers, figures: list[str]
) -> None:
    service = project(answers)
    done = [*follow(service, "docs/how-to/add-a-component.md"), *follow(service, "docs/how-to/add-a-metric.md")]
    assert {"make metrics-docs", "make test", "make lint"} <= set(done)
    new = [Path(path) for path in done if (service.path / path).is_file()]
    assert {path.name for path in new} >= {"models.py", "metrics.py", "settings.py", "component.py", "test_orders.py"}
    lines = sum(len(service.text(path).splitlines()) for path in new)
    figures.append(f"how-to, {'-'.join(answers.values())}: {len(new)} files, {lines} lines")
    page = service.text("docs/metric-locations/orders.md")
    assert "no function of this package" not in page
    assert "`orders_placed_total`" in page


@pytest.mark.parametrize(
    "answers",
    [{"jobs": "command"}, {"framework": "django", "database": "postgresql", "jobs": "command"}],
    ids=["sqlalchemy", "django"],
)
def test_the_pages_on_jobs_are_followed_and_everything_stays_green(
    project: Callable[[Answers], Project], answers: Answers
) -> None:
    service = project(answers)
    done = [*follow(service, "docs/how-to/add-a-job.md"), *follow(service, "docs/how-to/recurring-jobs.md")]
    assert done.count("make test") == done.count("make lint") == 2
    assert "make monitoring-check ARGS=Prometheus" in done


def test_the_page_on_alerts_is_followed_and_everything_stays_green(project: Callable[[Answers], Project]) -> None:
    done = follow(project({}), "docs/how-to/add-an-alert.md")
    assert {"make monitoring-check", "make test", "make lint"} <= set(done)
    assert [one for one in done if one.startswith("amtool config routes test")] != []


@pytest.mark.parametrize("framework", questions()["framework"])
def test_the_small_pages_are_followed_and_everything_stays_green(
    project: Callable[[Answers], Project], framework: str
) -> None:
    service = project({"framework": framework})
    pages = ("add-a-route", "add-a-health-check", "poll-a-metric", "come-from-prometheus-client")
    done = [one for page in pages for one in follow(service, f"docs/how-to/{page}.md")]
    assert done.count("make test") == done.count("make lint") == len(pages)
    assert "`space_free_bytes`" in service.text("docs/metric-locations/space.md")


PAGES = [{"url": f"https://example.org/{number}", "title": f"Page {number}"} for number in range(1, 1203)]


@pytest.fixture
def postgresql_url(workshop: Callable[[Answers], Project]) -> Iterator[str]:
    """Return the URL of an empty database on a server of its own."""
    with postgresql(workshop({"database": "postgresql"})) as url:
        yield url


@pytest.mark.parametrize(
    "answers",
    [
        {"jobs": "command"},
        {"framework": "django", "database": "postgresql", "jobs": "command"},
    ],  # SQLAlchemy's rows move alike with both answers
    ids=["sqlalchemy", "django"],
)
def test_the_page_on_moving_to_postgresql_moves_every_row(
    project: Callable[[Answers], Project],
    postgresql_url: str,
    bakery: Bakery,
    snapshot: Path,
    answers: Answers,
) -> None:
    service = project(answers)
    more = {"PATH": f"{environment()['PATH']}{os.pathsep}{Path(sys.executable).parent}"}
    more["COOKIECUTTER_CONFIG"] = str(bakery.config)
    on_sqlite = "database" not in answers
    if on_sqlite:
        service.run("sh", "-c", f"cruft link --no-input --extra-context '{json.dumps(answers)}' {snapshot}", more=more)
        commit_all(service.path, "As it was generated")
    (service.path / ".git/pages.json").write_text(json.dumps(PAGES), encoding="utf-8")

    def run(arguments: str, **variables: str) -> str:
        command = f".venv/bin/python -m {service.answers['package_name']} {arguments} 2>.git/log"
        return service.run("sh", "-c", command, more=variables).stdout

    run("db upgrade")
    run("jobs run import-bookmarks --format json < .git/pages.json")
    before = run("jobs run export-bookmarks --format json")
    assert len(json.loads(before)) == len(PAGES)
    done = follow(service, "docs/how-to/move-to-postgresql.md", POSTGRESQL_URL=postgresql_url, **more)
    assert ("make test" in done) == on_sqlite
    new = {"DATABASE_URL": postgresql_url}
    moved = run("jobs run export-bookmarks --format json", **new)
    other = [pair for pair in zip(before.splitlines(), moved.splitlines(), strict=True) if pair[0] != pair[1]]
    assert other[:1] == []
    run("jobs run import-bookmarks --format json < .git/pages.json", **new)
    after = json.loads(run("jobs run export-bookmarks --format json", **new))
    assert [one["id"] for one in after] == list(range(1, 2 * len(PAGES) + 1))


def test_a_team_may_delete_the_map_and_the_playbook(project: Callable[[Answers], Project]) -> None:
    service = project({})
    service.run("rm", "AGENTS.md", "CLAUDE.md", "docs/debugging-metrics.md")
    service.run(
        "make", "test", f"UV={uv()}", "ARGS=tests/platform/test_documentation.py tests/platform/test_examples.py"
    )
