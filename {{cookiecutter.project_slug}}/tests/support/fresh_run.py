"""The `fresh_run` fixture: this suite's conftest in a fresh process, with a test of its own."""

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
    """Run a test's source in a copy of this suite; a planted `.env` says what the shell says."""
    root = request.config.rootpath

    def run(source: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "project"
        shutil.copytree(root / "tests" / "support", folder / "tests" / "support")
        shutil.copy(root / "tests" / "conftest.py", folder / "tests")
        shutil.copy(root / "pyproject.toml", folder)
        (folder / "tests" / "test_planted.py").write_text(source)
        planted = "".join(f"{name}={value}\n" for name, value in environment.items())
        (folder / ".env").write_text(planted)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
