"""The how-to pages hold when they are followed word for word, in each framework and on both databases."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import Answers, Bakery, Project, questions
from interpreters import uv

# A file to write (its path stands in the line before), a change to apply, or commands to run.
BLOCK = re.compile(r"(?:`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
VARIANTS = [{"framework": framework} for framework in questions()["framework"]]
VARIANTS += [{"framework": "fastapi", "database": "postgresql"}]


def follow(project: Project, page: str) -> list[str]:
    """Do what the page says, and return what was written or run."""
    done = []
    for block in BLOCK.finditer(project.text(page)):
        path, kind, text = block.group("path", "kind", "text")
        match kind:
            case "sh":
                for command in text.splitlines():
                    project.run("sh", "-c", f". .venv/bin/activate && {command}")
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
    "answers", [{}, {"framework": "django", "database": "postgresql"}], ids=["sqlalchemy", "django"]
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
    pages = ("add-a-health-check", "poll-a-metric", "come-from-prometheus-client")
    done = [one for page in pages for one in follow(service, f"docs/how-to/{page}.md")]
    assert done.count("make test") == done.count("make lint") == len(pages)
    assert "`space_free_bytes`" in service.text("docs/metric-locations/space.md")


def test_a_team_may_delete_the_map_and_the_playbook(project: Callable[[Answers], Project]) -> None:
    service = project({})
    service.run("rm", "AGENTS.md", "CLAUDE.md", "docs/debugging-metrics.md")
    service.run(
        "make", "test", f"UV={uv()}", "ARGS=tests/platform/test_documentation.py tests/platform/test_examples.py"
    )
