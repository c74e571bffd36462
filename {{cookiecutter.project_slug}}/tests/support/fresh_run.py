"""The `fresh_run` fixture: this suite's conftest in a process of its own, with another environment."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def fresh_run(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a test's source in a copy of this suite; the shell and a planted `.env` have `environment`."""
    tests = request.config.rootpath / "tests"

    def run(source: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "project"
        shutil.copytree(tests / "support", folder / "tests" / "support")
        shutil.copy(tests / "conftest.py", folder / "tests")
        shutil.copy(tests.with_name("pyproject.toml"), folder)
        (folder / "tests" / "test_planted.py").write_text(source)
        planted = "".join(f"{name}={value}\n" for name, value in environment.items())
        (folder / ".env").write_text(planted)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=50,
        )

    return run
