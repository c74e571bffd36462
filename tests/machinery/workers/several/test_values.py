"""What a worker counts in its files is exact, whoever forks, and whatever was there before."""

import importlib
import math
import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from {{ cookiecutter.package_name }}.platform.workers import values
from {{ cookiecutter.package_name }}.platform.workers.values import FIRST_SIZE, FileValue, ValueFile

SERVICE = "{{ cookiecutter.package_name }}"


def read(file: Path) -> dict[str, tuple[float, float]]:
    """Values and times by key, as prometheus_client reads them."""
    entries = MmapedDict.read_all_values_from_file(str(file))
    return {key: (value, time) for key, value, time, _ in entries}


def counts(folder: Path) -> dict[str, list[float]]:
    """The values of all files by the name of their file."""
    files = sorted(folder.glob("*.db"))
    return {file.name: [value for value, _ in read(file).values()] for file in files}


@pytest.fixture
def value(tmp_path, monkeypatch) -> Callable[..., FileValue]:
    """Make a value as a metric does, in a process that counts in the files of a folder."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(values, "_files", {})

    def make(name: str = "calls", kind: str = "counter", **options: str) -> FileValue:
        return FileValue(kind, name, f"{name}_total", ("a",), ("x",), "Help.", **options)

    return make


def in_a_child(action: Callable[[], object]) -> int | None:
    """The exit code of a process forked for this."""
    child = multiprocessing.get_context("fork").Process(target=action)
    child.start()
    child.join()
    return child.exitcode


@pytest.mark.parametrize("name", [f"{'n' * length}ä" for length in range(9)])
def test_prometheus_client_reads_what_a_worker_counted(value, tmp_path, name):
    first, second = value(name), value("other")
    first.inc(1)
    first.inc(0.5)
    second.inc(3)
    [file] = tmp_path.glob(f"counter_{os.getpid()}.0.db")
    keys = [key for key in read(file) if key.startswith(f'["{name}"'.replace("ä", "\\u00e4"))]
    assert len(keys) == 1
    assert read(file)[keys[0]] == (1.5, 0.0)
    assert len(read(file)) == 2
    assert (first.get(), second.get()) == (1.5, 3.0)


def test_the_file_of_a_gauge_tells_its_mode_and_the_time_of_the_most_recent(value, tmp_path):
    gauge = value(kind="gauge", multiprocess_mode="mostrecent")
    gauge.set(4.0, timestamp=12.5)
    [file] = tmp_path.iterdir()
    assert file.name == f"gauge_mostrecent_{os.getpid()}.0.db"
    assert list(read(file).values()) == [(4.0, 12.5)]
    gauge.set(-math.inf)
    assert list(read(file).values()) == [(-math.inf, 0.0)]


def test_a_value_keeps_counting_while_its_file_grows(value, tmp_path):
    early = value("early")
    early.inc(1)
    [file] = tmp_path.iterdir()
    later = []
    while file.stat().st_size <= 4 * FIRST_SIZE:
        later.append(value(f"later{len(later)}"))
        later[-1].inc(len(later))
        early.inc(1)
    assert [held for held, _ in read(file).values()] == [
        1.0 + len(later),
        *(float(number + 1) for number in range(len(later))),
    ]


def test_a_key_longer_than_the_file_finds_its_place(tmp_path):
    key = "k" * FIRST_SIZE * 3
    file = ValueFile(tmp_path / "file.db")
    place = file.place(key)
    file.doubles[place] = 2.0
    assert read(tmp_path / "file.db") == {key: (2.0, 0.0)}


def test_the_file_of_another_process_is_never_taken(tmp_path):
    (tmp_path / "file.db").write_bytes(b"another's")
    with pytest.raises(FileExistsError):
        ValueFile(tmp_path / "file.db")
    assert (tmp_path / "file.db").read_bytes() == b"another's"


def test_a_file_that_cannot_grow_keeps_what_it_has(tmp_path, monkeypatch):
    file = ValueFile(tmp_path / "file.db")
    file.doubles[file.place("one")] = 1.0
    with monkeypatch.context() as full:
        full.setattr(values, "mmap", lambda descriptor, size: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            file.place("k" * FIRST_SIZE)
    place = file.place("two")
    file.doubles[place] = 2.0
    assert read(tmp_path / "file.db") == {"one": (1.0, 0.0), "two": (2.0, 0.0)}


def test_the_same_key_twice_is_the_same_number(value):
    one, again = value(), value()
    one.inc(1)
    again.inc(2)
    assert (one.get(), again.get()) == (3.0, 3.0)


def test_threads_lose_no_count(value):
    shared = [value("one"), value("two")]

    def work() -> None:
        for _ in range(2000):
            for one in shared:
                one.inc(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.get() for one in shared] == [8000.0, 8000.0]


@pytest.mark.forked
def test_a_forked_process_counts_in_a_file_of_its_own(value, tmp_path):
    one, level = value(), value(kind="gauge", multiprocess_mode="livesum")
    one.inc(5)
    level.inc(2)

    def work() -> None:
        assert one.get() == 0.0
        one.inc(1)
        level.set(7.0)
        assert in_a_child(lambda: one.inc(3)) == os.EX_OK

    assert in_a_child(work) == os.EX_OK
    one.inc(1)
    found = counts(tmp_path)
    assert found.pop(f"counter_{os.getpid()}.0.db") == [6.0]
    assert found.pop(f"gauge_livesum_{os.getpid()}.0.db") == [2.0]
    assert sorted(found.values()) == [[1.0], [3.0], [7.0]]


@pytest.mark.forked
def test_a_process_forked_while_another_thread_counts_does_not_wait_for_it(value):
    one = value()
    held, end = threading.Event(), threading.Event()

    def hold() -> None:
        with values._lock:
            held.set()
            end.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        assert in_a_child(lambda: one.inc(1)) == os.EX_OK
    finally:
        end.set()
        thread.join()


def test_a_process_id_that_comes_again_leaves_the_earlier_file_as_it_is(value, tmp_path):
    earlier = tmp_path / f"counter_{os.getpid()}.0.db"
    earlier.write_bytes(b"torn")
    value().inc(2)
    assert earlier.read_bytes() == b"torn"
    assert [held for held, _ in read(tmp_path / f"counter_{os.getpid()}.1.db").values()] == [2.0]


@pytest.mark.forked
def test_every_metric_of_the_service_counts_so_where_it_counts_in_files(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    importlib.import_module(f"{SERVICE}.platform.workers.directory").share()
    factory = importlib.import_module(f"{SERVICE}.platform.metrics.factory")

    class Letters(factory.MetricGroup, component="letters"):
        sent = factory.Counter("letters_sent_total", "Letters sent.")
        took = factory.Histogram("letters_took_seconds", "Their time.", buckets=(1.0, 2.0))
        waiting = factory.Gauge("letters_waiting", "Those that wait.", multiprocess="livesum")
        weight = factory.Summary("letters_weight_grams", "Their weight.")

    letters = factory.bound(Letters)
    letters.sent.inc(2)
    letters.took.observe(1.5)
    letters.waiting.set(4)
    letters.weight.observe(20)
    pid = os.getpid()
    assert counts(tmp_path) == {
        f"counter_{pid}.0.db": [2.0],
        f"gauge_livesum_{pid}.0.db": [4.0],
        f"histogram_{pid}.0.db": [1.5, 0.0, 1.0, 0.0],
        f"summary_{pid}.0.db": [1.0, 20.0],
    }
