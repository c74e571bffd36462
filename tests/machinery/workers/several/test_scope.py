"""The health report says whether it speaks for all workers."""

from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.platform.core.lifecycle import Lifecycle
from {{ cookiecutter.package_name }}.platform.health.report import Health
from {{ cookiecutter.package_name }}.platform.metrics import bound, sharing
from {{ cookiecutter.package_name }}.platform.workers.exposition import Workers


@pytest.mark.parametrize(("processes", "scope"), [(None, "all"), (Workers(Path()), "one")])
def test_the_report_says_whether_it_speaks_for_all_workers(monkeypatch, processes, scope):
    monkeypatch.setattr(sharing, "processes", processes)
    assert Health(Lifecycle([], bound), [], "1").report()[1]["scope"] == scope
