"""The turn to poll needs no storage."""

import tempfile

from {{ cookiecutter.package_name }}.platform.polling import turn


def test_no_folder_for_temporary_files_is_needed(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    monkeypatch.setattr(turn, "_shared", [])
    turn.prepare()
    assert turn.is_ours()
