"""Fixtures: the session's bakery, and the variants that each test is run for."""

import shutil
import tempfile
from pathlib import Path

import pytest
from bakery import Bakery, commit_all, copy_of_template, name_of, variants

BAKERY = pytest.StashKey[Bakery]()


def pytest_configure(config: pytest.Config) -> None:
    """Open the bakery before collection, which bakes every variant to find the distinct ones."""
    config.stash[BAKERY] = Bakery(Path(tempfile.mkdtemp(prefix="bakery-")).resolve())


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
