"""Tries changes in a copy of the project, each in a process of its own, forked from this one with its imports done.

Reads one JSON object a line (file, start, end, put, and the tests to run with the seconds that each may take), and
answers each with how it ended and at which test. What a trial started and what it left in temporary files is removed.
"""

import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

MEMORY_BYTES = 4 << 30
FILE_BYTES = 256 << 20
BESIDE_TESTS_SECONDS = 15.0  # to collect the tests, and to tidy up after them
WAITING = 4.0  # on a busy machine, a test waits so many times longer than it computes
# Only the plugins that the configuration needs, in processes that tests start as well: no order at random, no workers.
PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_forked,pytest_timeout"}
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "--timeout=0")

# Told when pytest came to its end: a change may end the process in the middle, with success.
FINISHED = "finished"

Job = dict[str, Any]


class Chosen:
    """A pytest plugin: runs the chosen tests in the order given, and ends the process where one takes too long."""

    def __init__(self, limits: dict[str, float], told: int) -> None:
        self._limits = limits
        self._told = told

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Choose and order; forked tests stay first, as the project has them."""
        yield
        order = {test: position for position, test in enumerate(self._limits)}
        chosen = [item for item in items if item.nodeid in order]
        items[:] = sorted(chosen, key=lambda item: (not item.get_closest_marker("forked"), order[item.nodeid]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """Tell which test runs, and limit it."""
        os.write(self._told, f"{item.nodeid}\n".encode())
        limit(self._limits[item.nodeid])
        result = yield
        limit(BESIDE_TESTS_SECONDS)
        return result


def limit(seconds: float) -> None:
    """End this process by a signal, whatever it hangs in, after so long a computation or a longer wait."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITING * seconds)


@contextmanager
def changed(job: Job) -> Iterator[None]:
    """Make the change in the file; its time differs, so that no compiled file is taken for it."""
    file = Path(job["file"])
    before, times = file.read_text(encoding="utf-8"), file.stat()
    file.write_text(before[: job["start"]] + job["put"] + before[job["end"] :], encoding="utf-8")
    os.utime(file, (times.st_atime, times.st_mtime + 60))
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def run_tests(limits: dict[str, float], told: int, scratch: str) -> int:
    """Run the tests in this process, which is a trial's own from now on."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    limit(BESIDE_TESTS_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    output = os.open(os.environ["MUTANTS_OUTPUT"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.update(TMPDIR=scratch, **PLUGINS)
    tempfile.tempdir = None
    files = dict.fromkeys(test.partition("::")[0] for test in limits)
    return int(pytest.main([*OPTIONS, *files], [Chosen(limits, told)]))


def attempt(limits: dict[str, float]) -> tuple[str, str]:
    """Say how the tests ended, and at which of them; at none where they could not be collected."""
    scratch = tempfile.mkdtemp(prefix="trial-")
    os.chmod(scratch, 0o755)  # noqa: S103, PTH101 - some tests work as another user
    with tempfile.TemporaryFile() as told:  # no pipe: the names of all tests do not fit into one
        trial = os.fork()
        if trial == 0:
            code = 3
            with suppress(BaseException):
                code = run_tests(limits, told.fileno(), scratch)
                os.write(told.fileno(), FINISHED.encode())
            os._exit(code)
        try:
            _, status = os.waitpid(trial, 0)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(trial, signal.SIGKILL)
            shutil.rmtree(scratch, ignore_errors=True)
        told.seek(0)
        *names, finished = ("\n" + told.read().decode()).split("\n")
    code = os.waitstatus_to_exitcode(status)
    if -code in (signal.SIGALRM, signal.SIGPROF):
        return "timed out", names[-1]
    passed = finished == FINISHED and code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    return ("survived" if passed else "killed"), names[-1]


def main() -> None:
    """Answer until nothing more is asked."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["imports"]:
        with suppress(Exception):
            import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        job = json.loads(line)
        with changed(job):
            ended, at = attempt(job["tests"])
        print(json.dumps([ended, at]), flush=True)


if __name__ == "__main__":
    main()
