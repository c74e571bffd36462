"""The bare form: prometheus_client and pytest as they come, each test in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "known_for(pattern): what the failure says")


@pytest.fixture(autouse=True)
def _known_for(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    marker = request.node.get_closest_marker("known_for")
    assert marker is not None, "say what the bare form is known for"
    record_property("known_for", marker.args[0])


@pytest.fixture
def fresh_run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a test's source in a fresh pytest, in a folder of its own."""

    def run(source: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "test_planted.py").write_text(source, encoding="utf-8")
        (folder / ".env").write_text("".join(f"{k}={v}\n" for k, v in variables.items()), encoding="utf-8")
        plugins = [] if any(argument.startswith("-n") for argument in arguments) else ["-p", "no:xdist"]
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *plugins, *arguments],
            cwd=folder,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run
