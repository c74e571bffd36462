"""`make component` writes a component that is green at once; a name that will not do leaves everything as it was."""

import subprocess

import pytest
from bakery import Bakery, Project, environment, questions
from interpreters import uv


@pytest.fixture(scope="module", params=questions()["framework"])
def service(request: pytest.FixtureRequest, bakery: Bakery, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return an installed project of each framework, for this module alone."""
    project = bakery.bake_into(tmp_path_factory.mktemp("service"), {"framework": request.param})
    project.run("make", "setup", f"UV={uv()}")
    project.run("git", "add", "--all")
    return project


def made(project: Project, name: str) -> subprocess.CompletedProcess[str]:
    """Ask for a component of that name."""
    return subprocess.run(
        ["make", "component", f"NAME={name}", f"UV={uv()}"],
        cwd=project.path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Orders",
        "7up",
        "oauth2",
        "service",
        "a b",
        'a"b',
        "-x",
        "../x",
        "class",
        "bookmarks",
        "platform",
        "http",
        "x" * 41,
    ],
)
def test_a_name_that_will_not_do_is_refused_and_nothing_is_written(service: Project, name: str) -> None:
    done = made(service, name)
    assert done.returncode == 2
    [line, _] = done.stderr.splitlines()  # the last one is make's own
    assert line.startswith((f"NAME={name}", f"NAME={name!r}"))
    assert service.run("git", "status", "--porcelain", "--", "src", "tests").stdout.count("?? ") == 0


def test_a_new_component_is_green_at_once(service: Project) -> None:
    for name in ("orders", "gift_cards"):
        done = made(service, name)
        assert done.returncode == 0, done.stderr
        assert f"wrote src/{service.answers['package_name']}/{name}/component.py" in done.stdout
        assert (service.path / "docs" / "metric-locations" / f"{name}.md").exists()
    assert made(service, "orders").returncode == 2
    service.run("make", "test", f"UV={uv()}")
    service.run("git", "add", "--all")
    service.run("make", "lint", f"UV={uv()}")
