"""Several processes get a private, empty directory for their metrics, before any is declared."""

import atexit
import os
import stat
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.platform.core.config import SettingsError
from {{ cookiecutter.package_name }}.platform.workers import directory

pytestmark = pytest.mark.forked


def prepared(named: Path | None, there: Connection) -> None:
    """Prepare the directory of this process, tell it, and keep it until told to end."""
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if named is not None:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(named)
    try:
        directory.prepare()
        there.send((os.environ.get("PROMETHEUS_MULTIPROC_DIR"), ""))
    except SettingsError as error:
        there.send((None, str(error)))
    there.recv()


@pytest.fixture
def prepare():
    """Fork a process that prepares its directory, and give the directory while it lives."""
    started = []

    def run(named: Path | None = None) -> Path | None:
        here, there = Pipe()
        child = os.fork()
        if child == 0:
            here.close()
            atexit._clear()  # what is registered by now is of the tests
            try:
                prepared(named, there)
                atexit._run_exitfuncs()
            finally:
                os._exit(0)
        there.close()
        said, refused = here.recv()
        started.append((child, here, refused))
        return Path(said) if said else None

    def end() -> list[str]:
        """End what runs, and give why each was refused."""
        running = list(started)
        started.clear()
        for child, here, _ in running:
            here.send("end")
            assert os.waitpid(child, 0) == (child, 0)
        return [refused for _, _, refused in running]

    run.end = end
    yield run
    end()


def test_several_get_a_private_one_that_goes_with_them(prepare):
    folder = prepare()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert prepare() != folder
    prepare.end()
    assert not folder.exists()


def test_a_named_one_is_made_emptied_and_kept(prepare, tmp_path):
    named = tmp_path / "of" / "workers"
    for _ in range(2):
        assert prepare(named) == named
        assert stat.S_IMODE(named.stat().st_mode) == 0o700
        assert {path.name for path in named.iterdir()} == {"owner"}
        for left in ("counter_7.db", "visits.journal"):
            (named / left).touch()
        prepare.end()


def test_two_services_are_not_given_the_same(prepare, tmp_path):
    prepare(tmp_path)
    (tmp_path / "counter_7.db").touch()
    assert prepare(tmp_path) is None
    refused = "PROMETHEUS_MULTIPROC_DIR: a running service uses it, give each its own"
    assert refused in prepare.end()
    assert (tmp_path / "counter_7.db").exists()
