"""What one process adds to a ledger all others read, in one order; nobody waits for it forever."""

import os
import resource
import signal
import time
from collections.abc import Callable
from threading import Thread

import pytest

from {{ cookiecutter.package_name }}.platform.workers.ledger import PATIENCE_SECONDS, Ledger

SOON = 5 * PATIENCE_SECONDS


def in_a_child(action: Callable[[], object]) -> int:
    """The status of a process forked for this."""
    child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def add(ledger: Ledger, *lines: str) -> None:
    """Add lines in one turn."""
    with ledger.turn() as added:
        added.extend(lines)


def known(ledger: Ledger) -> list[str]:
    """All lines, as another process reads them as well."""
    ledger.catch_up()
    return ledger.lines


@pytest.fixture
def holder():
    """Fork a process that keeps its turn until it is ended."""
    children = []

    def start(ledger: Ledger, added: str = "") -> int:
        ready, tell = os.pipe()
        child = os.fork()
        if child == 0:
            with ledger.turn() as lines:
                lines.append(added)
                os.write(tell, b".")
                signal.pause()
        children.append(child)
        os.read(ready, 1)
        return child

    yield start
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_processes_read_what_each_of_them_added_in_one_order():
    ledger = Ledger()
    add(ledger, "a")
    for line in "bc":
        assert in_a_child(lambda line=line: add(ledger, line)) == 0
    add(ledger, "d", "")
    assert known(ledger) == ["a", "b", "c", "d", ""]

    def others() -> None:
        assert known(ledger) == ["a", "b", "c", "d", ""]

    assert in_a_child(others) == 0


def test_a_line_of_any_length_is_one():
    ledger = Ledger()
    lines = ["x" * 3_000_000, "\x1c\x85\u2028", "é"]
    assert in_a_child(lambda: add(ledger, *lines)) == 0
    assert known(ledger) == lines


def test_a_turn_that_fails_adds_nothing_and_lets_go():
    ledger = Ledger()

    def fail() -> None:
        with ledger.turn() as added:
            added.append("a")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    add(ledger, "b")
    assert known(ledger) == ["b"]


@pytest.mark.parametrize("left", ["h", "half a line", "longer than what comes next"])
def test_half_a_line_of_a_killed_process_is_no_line_and_spoils_none(left):
    ledger = Ledger()
    add(ledger, "first")
    os.pwrite(ledger._file, left.encode(), len("first\n"))
    assert known(ledger) == ["first"]
    assert in_a_child(lambda: add(ledger, "next")) == 0
    assert known(ledger) == ["first", "next"]


def test_whoever_waits_for_a_process_that_stopped_in_its_turn_gives_up_soon(holder):
    ledger = Ledger()
    add(ledger, "a")
    holder(ledger, "never")
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="another process"):
        add(ledger, "b")
    assert known(ledger) == ["a"]
    assert time.monotonic() - start < SOON


def test_the_turn_of_a_killed_process_ends_with_it(holder):
    ledger = Ledger()
    os.kill(holder(ledger, "never"), signal.SIGKILL)
    add(ledger, "b")
    assert known(ledger) == ["b"]


def test_who_looks_while_another_adds_sees_what_is_known_and_later_the_rest(holder):
    ledger = Ledger()
    assert in_a_child(lambda: add(ledger, "a")) == 0
    kept = holder(ledger)
    assert known(ledger) == []
    os.kill(kept, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while known(ledger) != ["a"]:
        assert time.monotonic() < deadline


def test_a_thread_waits_for_another_and_gives_up_soon():
    ledger = Ledger()
    with ledger.turn(), pytest.raises(TimeoutError, match="another thread"):
        add(ledger, "b")


def test_threads_and_processes_at_once_lose_no_line():
    ledger = Ledger()

    def work(name: str) -> None:
        for number in range(50):
            add(ledger, f"{name}{number}")

    def process(name: str) -> None:
        threads = [Thread(target=work, args=(f"{name}{number}-",)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    children = []
    for name in "ab":
        child = os.fork()
        if child == 0:
            process(name)
            os._exit(0)
        children.append(child)
    process("c")
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    expected = {
        f"{name}{thread}-{number}" for name in "abc" for thread in (0, 1) for number in range(50)
    }
    assert len(known(ledger)) == 300
    assert set(known(ledger)) == expected


@pytest.mark.forked
@pytest.mark.parametrize("room", [0, 3])
def test_a_file_that_cannot_grow_keeps_what_it_has_and_grows_later(room):
    ledger = Ledger()
    add(ledger, "first")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len("first\n") + room, most))
    for _ in range(2):
        with pytest.raises(OSError, match=r"no room|too large"):
            add(ledger, "second")
        assert known(ledger) == ["first"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    add(ledger, "third")
    assert in_a_child(lambda: add(ledger, "fourth")) == 0
    assert known(ledger) == ["first", "third", "fourth"]


@pytest.mark.forked
def test_where_there_are_no_files_in_memory_a_temporary_one_without_a_name_does(
    monkeypatch, tmp_path
):
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ledger = Ledger()
    assert list(tmp_path.iterdir()) == []
    assert in_a_child(lambda: add(ledger, "a")) == 0
    assert known(ledger) == ["a"]
