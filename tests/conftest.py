"""Fixtures: the session's bakery, and the variants that each test is run for."""

import functools
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bakery import Answers, Bakery, Project, commit_all, copy_of_template, name_of, variants
from interpreters import uv

collect_ignore = ["dummy_component", "dummy_routes", "machinery", "scenarios"]

BAKERY = pytest.StashKey[Bakery]()
FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Open the bakery before collection, which bakes every variant to find the distinct ones."""
    config.stash[BAKERY] = Bakery(Path(tempfile.mkdtemp(prefix="bakery-")).resolve())
    config.stash[FIGURES] = []
    # Whoever runs this in the background or under nohup has them ignored, and servers would inherit that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what was baked."""
    shutil.rmtree(config.stash[BAKERY].folder)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `variant` every variant in turn, `distinct_variant` one of each group that runs the same files."""
    if "variant" in metafunc.fixturenames:
        metafunc.parametrize("variant", list(variants()), ids=name_of)
    if "distinct_variant" in metafunc.fixturenames:
        distinct = metafunc.config.stash[BAKERY].distinct()
        metafunc.parametrize("distinct_variant", distinct, ids=name_of, scope="session")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a process of pytest-xdist measured to the one that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = session.config.stash[FIGURES]


def pytest_testnodedown(node: Any) -> None:
    """Take what a process measured that ends; one that crashed has no output."""
    node.config.stash[FIGURES].extend(getattr(node, "workeroutput", {}).get("figures", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was measured on the way."""
    for figure in config.stash[FIGURES]:
        terminalreporter.write_line(figure)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Return the lines that the session prints at its end."""
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def bakery(pytestconfig: pytest.Config) -> Bakery:
    """Return the session's bakery."""
    return pytestconfig.stash[BAKERY]


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository whose only commit is the working tree. To be cloned, not changed."""
    folder = copy_of_template(tmp_path_factory.mktemp("snapshot") / "template")
    commit_all(folder, "The working tree")
    return folder


@pytest.fixture(scope="session")
def workshop(bakery: Bakery, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Answers], Project]:
    """Return the function that installs a variant once: `make setup` in a project of its own."""

    @functools.cache
    def installed(key: frozenset[tuple[str, str]]) -> Project:
        project = bakery.bake_into(tmp_path_factory.mktemp("workshop"), dict(key))
        project.run("make", "setup", f"UV={uv()}")  # test_free_text gets it as a newcomer does
        return project

    return lambda answers: installed(frozenset({**next(variants()), **answers}.items()))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 64 KiB; only root can mount one, here or in a container."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run this test as root, it needs a small file system: {done.stderr}"
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
