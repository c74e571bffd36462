"""The `plant` fixture: a component with its files, which the package sees as its own."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Write a component: `plant("orders", metrics="…", service="…")` gives its folder."""
    package = importlib.import_module("{{ cookiecutter.package_name }}")
    root = tmp_path / "planted"
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(root)])
    planted = []

    def add(name: str, **files: str) -> Path:
        folder = root / name
        folder.mkdir(parents=True)
        for module, text in {"__init__": "", **files}.items():
            (folder / f"{module}.py").write_text(text)
        planted.append(f"{package.__name__}.{name}")
        importlib.invalidate_caches()
        return folder

    yield add
    for name in [name for name in sys.modules if name.startswith(tuple(planted or ["-"]))]:
        del sys.modules[name]
    for name in planted:
        vars(package).pop(name.rpartition(".")[2], None)
