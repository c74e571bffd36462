"""A component is a folder with a `component.py`: nothing lists it by hand."""

import importlib
import sys
from asyncio import CancelledError
from collections.abc import Iterator

import pytest

import {{ cookiecutter.package_name }}
from {{ cookiecutter.package_name }}.platform.core.components import (
    Component,
    ComponentError,
    Event,
    discover,
)
from {{ cookiecutter.package_name }}.platform.core.lifecycle import Lifecycle


@pytest.fixture
def add_component(tmp_path, monkeypatch):
    """Write a `component.py` into a folder that the package sees as its own."""
    package = {{ cookiecutter.package_name }}
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    added = []

    def add(folder: str, source: str) -> None:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
        (tmp_path / folder / "component.py").write_text(source)
        added.append(f"{package.__name__}.{folder}")
        importlib.invalidate_caches()

    yield add
    for name in [name for name in sys.modules if name.startswith(tuple(added or ["-"]))]:
        del sys.modules[name]


MAKE = "from ..platform.core import Component\ncomponent = Component(name='{}')\n"


def test_the_platforms_components_come_first_then_the_teams_in_the_order_of_their_folders(
    add_component,
):
    add_component("zebras", MAKE.format("zebra"))
    add_component("aardvarks", MAKE.format("aardvark"))
    names = [component.name for component in discover()]
    ours = [name for name in names if name in {"aardvark", "bookmarks", "zebra"}]
    assert ours == ["aardvark", "bookmarks", "zebra"]
    assert {"database", "health", "http", "metrics"} <= set(names[: names.index("aardvark")])


def test_a_folder_without_a_component_is_no_component(add_component):
    add_component("helpless", MAKE.format("helpless"))
    assert "core" not in {component.name for component in discover()}


def test_a_file_that_exports_no_component_says_what_to_change(add_component):
    add_component("empty", "")
    with pytest.raises(ComponentError, match=r"empty\.component must export one Component"):
        discover()


def test_two_components_of_one_name_are_refused_with_both(add_component):
    add_component("first", MAKE.format("same"))
    add_component("second", MAKE.format("same"))
    with pytest.raises(ComponentError, match=r"second.*first.*both named 'same'"):
        discover()


def log_of_a_life(
    *names: str, failing: str = "", error: type[BaseException] = RuntimeError
) -> tuple[list[str], Lifecycle]:
    """A lifecycle whose components write down what happens to them."""
    seen = []

    def step(name: str, what: str):
        def run() -> None:
            seen.append(f"{what} {name}")
            if failing == f"{what} {name}":
                raise error(failing)

        return run

    components = [
        Component(name=name, start=step(name, "start"), stop=step(name, "stop")) for name in names
    ]
    return seen, Lifecycle(components)


def test_components_start_in_order_and_stop_in_reverse():
    seen, life = log_of_a_life("a", "b")
    life.start()
    assert life.state == "ready"
    life.stop()
    assert life.state == "stopped"
    assert seen == ["start a", "start b", "stop b", "stop a"]


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_failed_start_stops_what_was_started(error):
    seen, life = log_of_a_life("a", "b", "c", failing="start b", error=error)
    with pytest.raises(
        RuntimeError, match=r"^start b$|^component b raised SystemExit\('start b'\)$"
    ):
        life.start()
    assert life.state == "stopped"
    assert seen == ["start a", "start b", "stop a"]


async def later() -> None:
    """What nobody awaits."""


def piecewise() -> Iterator[None]:
    """What nobody asks for its next piece."""
    yield


@pytest.mark.parametrize("start", [later, piecewise])
def test_a_start_of_which_nothing_would_run_is_refused(start):
    life = Lifecycle([Component(name="a", start=start)])
    message = f"^nothing of {start.__name__} ran: use a plain function$"
    with pytest.raises(ComponentError, match=message):
        life.start()


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, CancelledError])
def test_a_failed_stop_does_not_keep_the_others_from_stopping(error):
    seen, life = log_of_a_life("a", "b", failing="stop b", error=error)
    life.start()
    life.stop()
    assert life.state == "stopped"
    assert seen == ["start a", "start b", "stop b", "stop a"]


def test_an_interrupt_stops_the_others_and_goes_on():
    seen, life = log_of_a_life("a", "b", failing="stop b", error=KeyboardInterrupt)
    life.start()
    with pytest.raises(KeyboardInterrupt):
        life.stop()
    assert seen == ["start a", "start b", "stop b", "stop a"]


def test_a_worker_that_starts_during_the_drain_is_not_ready():
    life = Lifecycle([])
    life.drain()
    life.start()
    assert life.state == "draining"


def test_a_drain_after_the_end_tells_nobody():
    drains = []
    events = {Event.PREPARE_SHUTDOWN: lambda: drains.append(1)}
    life = Lifecycle([Component(name="a", events=events)])
    life.start()
    life.stop()
    life.drain()
    assert drains == [1]


def test_a_service_may_be_started_again():
    seen, life = log_of_a_life("a")
    for _ in range(2):
        life.start()
        assert life.state == "ready"
        life.stop()
    assert seen == ["start a", "stop a"] * 2
