"""Several processes get a private, empty directory for their metrics, before any is declared."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.workers import directory

PREPARE = """
import os, sys
from {{ cookiecutter.package_name }}.core.config import SettingsError
from {{ cookiecutter.package_name }}.workers import directory
try:
    directory.prepare(several_processes=sys.argv[1] == "several")
except SettingsError as error:
    sys.exit(str(error))
print(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def prepare():
    """Start a process that prepares its directory, and give the directory while it lives."""
    started = []

    def run(processes: str, named: Path | None = None) -> Path | None:
        environment = dict(os.environ)
        environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
        if named is not None:
            environment["PROMETHEUS_MULTIPROC_DIR"] = str(named)
        process = subprocess.Popen(
            [sys.executable, "-c", PREPARE, processes],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        said = process.stdout.readline().strip()
        return Path(said) if said else None

    def end() -> list[str]:
        return [process.communicate()[1] for process in started]

    run.end = end
    yield run
    end()


def test_one_process_needs_none(prepare):
    assert prepare("one") is None


def test_several_get_a_private_one_that_goes_with_them(prepare):
    folder = prepare("several")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert prepare("several") != folder
    prepare.end()
    assert not folder.exists()


def test_a_named_one_is_made_emptied_and_kept(prepare, tmp_path):
    named = tmp_path / "of" / "workers"
    for _ in range(2):
        assert prepare("one", named) == named
        assert stat.S_IMODE(named.stat().st_mode) == 0o700
        assert {path.name for path in named.iterdir()} == {"owner"}
        for left in ("counter_7.db", "visits.journal"):
            (named / left).touch()
        prepare.end()


def test_two_services_are_not_given_the_same(prepare, tmp_path):
    prepare("several", tmp_path)
    (tmp_path / "counter_7.db").touch()
    assert prepare("several", tmp_path) is None
    refused = "PROMETHEUS_MULTIPROC_DIR: a running service uses it, give each its own\n"
    assert refused in prepare.end()
    assert (tmp_path / "counter_7.db").exists()


def test_it_is_too_late_once_prometheus_client_is_imported():
    with pytest.raises(RuntimeError, match="imported before its directory"):
        directory.prepare(several_processes=True)
