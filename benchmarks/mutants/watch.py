"""A pytest plugin, under coverage: how long each test takes, which lines it reaches, and what a run imports.

Processes that a test starts write coverage files of their own; those that are new after a test are that test's.
"""

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

SOURCE = os.environ["MUTANTS_SOURCE"]  # the folder of the package
REPORT = Path(os.environ["MUTANTS_REPORT"])

seconds: dict[str, float] = {}
started: set[str] = set()  # the tests that started a program
running = ""
lines: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))


def _audit(event: str, _: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        started.add(running)


sys.addaudithook(_audit)


def _measured() -> coverage.Coverage:
    measured = coverage.Coverage.current()
    assert measured is not None, "runs under coverage"
    return measured


def _note(data: coverage.CoverageData, among: set[str], otherwise: str) -> None:
    """Take the lines of these tests; those of no test belong to `otherwise`."""
    for file in data.measured_files():
        if file.startswith(SOURCE):
            for line, contexts in data.contexts_by_lineno(file).items():
                for test in contexts:
                    if (test or otherwise) in among:
                        lines[test or otherwise][os.path.relpath(file)].add(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Time the test, and note what it reaches."""
    global running  # noqa: PLW0603 - one at a time
    running = item.nodeid
    _measured().switch_context(item.nodeid)
    begin = time.perf_counter()
    result = yield
    seconds[item.nodeid] = time.perf_counter() - begin
    own = Path(str(_measured().get_option("run:data_file")))
    for file in own.parent.glob(f"{own.name}.*"):
        if f".pid{os.getpid()}." in file.name:  # this process's own
            continue
        data = coverage.CoverageData(str(file))
        data.read()
        _note(data, {item.nodeid}, item.nodeid)
        file.unlink()
    return result


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Write it all down."""
    _note(_measured().get_data(), set(seconds), "")
    plugins = {getattr(plugin, "__name__", "").partition(".")[0] for plugin in config.pluginmanager.get_plugins()}
    imports = [
        name
        for name, module in list(sys.modules.items())
        if f"{os.sep}lib{os.sep}python" in (getattr(module, "__file__", None) or "")
        and not name.startswith(("_", "coverage"))
        and name.partition(".")[0] not in plugins - {"anyio"}
    ]
    tests = {
        test: {
            "seconds": taken,
            "starts": test in started,
            "lines": {file: sorted(reached) for file, reached in lines[test].items()},
        }
        for test, taken in seconds.items()
    }
    REPORT.write_text(json.dumps({"imports": imports, "tests": tests}), encoding="utf-8")
