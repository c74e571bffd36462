"""The `fresh_run` fixture: this suite's conftest in a process that has not imported it yet."""

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

IMPORTED_ANEW = ("{{ cookiecutter.package_name }}", "prometheus_client")


@pytest.fixture
def fresh_run(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a test's source in a copy of this suite; a planted `.env` says what the shell says."""
    tests = request.config.rootpath / "tests"

    def run(source: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "project"
        shutil.copytree(tests / "support", folder / "tests" / "support")
        shutil.copy(tests / "conftest.py", folder / "tests")
        shutil.copy(tests.with_name("pyproject.toml"), folder)
        (folder / "tests" / "test_planted.py").write_text(source)
        planted = "".join(f"{name}={value}\n" for name, value in environment.items())
        (folder / ".env").write_text(planted)
        said = tmp_path / "said"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # no other thread holds a lock
            child = os.fork()  # what no test changes is imported already: a tenth of the time
        if child == 0:
            code = os.EX_SOFTWARE
            try:
                with said.open("w") as sys.stdout:
                    sys.stderr = sys.stdout
                    os.chdir(folder)
                    os.environ.update(environment)
                    _forget(tests)
                    sys.path.insert(0, str(folder))  # as `python -m pytest` does
                    code = int(pytest.main(["-p", "no:cacheprovider", *arguments]))
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return subprocess.CompletedProcess(arguments, code, said.read_text())

    return run


def _forget(tests: Path) -> None:
    """Make the next import of the service, prometheus_client and the suite the first one."""
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", ""))
        if name.startswith(IMPORTED_ANEW) or file.startswith(str(tests)):
            del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if not entry.startswith(str(tests))]
