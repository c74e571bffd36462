"""The turn to poll needs no storage."""

import tempfile

from {{ cookiecutter.package_name }}.platform.polling.component import poller
from {{ cookiecutter.package_name }}.platform.workers import turn


def test_no_folder_for_temporary_files_is_needed(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    monkeypatch.setattr(poller, "is_ours", poller.is_ours)
    turn.prepare()
    assert poller.is_ours()
