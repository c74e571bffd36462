"""What several processes counted is read as one, whoever of them lives, dies or is cut off."""

import importlib
import multiprocessing
import os
import random
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.mmap_dict import MmapedDict

from {{ cookiecutter.package_name }}.metrics import exposition, sharing
from {{ cookiecutter.package_name }}.metrics.factory import (
    Counter,
    Enum,
    Info,
    MetricGroup,
    bound,
)
from {{ cookiecutter.package_name }}.workers.collector import WorkersCollector
from {{ cookiecutter.package_name }}.workers.files import CountFiles

ONE = '["requests", "requests_total", {"code": "200"}, "Help."]'
TWO = '["requests", "requests_total", {"code": "500"}, "Help."]'


class Facts(MetricGroup, component="example"):
    """What holds in a process, and what is counted in files."""

    build = Info("build", "A fact.")
    mood = Enum("mood", "A state.", states=("good", "bad"))
    turns = Counter("turns_total", "Turns.")


@pytest.fixture(scope="session")
def dead() -> list[int]:
    """Process ids that nobody has any more."""
    ended = [subprocess.Popen(["true"]) for _ in range(3)]
    return [process.pid for process in ended if process.wait() == 0]


def write(folder: Path, kind: str, process: object, values: dict[str, float]) -> Path:
    """Write a file as a process does; it appears at once, with all its values."""
    part = folder / f"{kind}_{process}.new"
    file = MmapedDict(str(part))
    for key, value in values.items():
        file.write_value(key, value, 0.0)
    file.close()
    return part.rename(part.with_suffix(".db"))


def totals(folder: Path) -> dict[str, float]:
    """The sums of all files by key."""
    found: dict[str, float] = {}
    for _, values, _ in CountFiles(folder).read():
        for key, (value, _) in values.items():
            found[key] = found.get(key, 0.0) + value
    return found


def names(folder: Path) -> set[str]:
    """The names of the files that hold values."""
    return {path.name for path in folder.glob("*.db")}


@pytest.mark.forked
def test_several_processes_read_as_prometheus_client_itself_reads_them(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    service = "{{ cookiecutter.package_name }}"
    for name in [name for name in sys.modules if name.startswith(("prometheus_client", service))]:
        del sys.modules[name]
    client = importlib.import_module("prometheus_client")
    theirs = importlib.import_module("prometheus_client.multiprocess").MultiProcessCollector(None)
    ours = importlib.import_module(f"{service}.workers.collector").WorkersCollector(tmp_path)

    modes = ("sum", "max", "min", "mostrecent", "all")
    gauges = [
        client.Gauge(f"g_{mode}", "G.", ["a"], multiprocess_mode=mode)
        for mode in (*modes, *(f"live{mode}" for mode in modes))
    ]
    counter, plain = client.Counter("c", "C.", ["a", "b"]), client.Counter("plain", "No labels.")
    histogram = client.Histogram("h", "H.", ["a"], buckets=(0.1, 1, 10))
    summary = client.Summary("s", "S.", ["a"])

    def record(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(200):
            a = str(rng.randrange(5))
            counter.labels(a, str(rng.randrange(3))).inc(rng.randrange(9))
            plain.inc()
            histogram.labels(a).observe(rng.randrange(200) / 8)
            summary.labels(a).observe(rng.randrange(9))
        for gauge in gauges:
            gauge.labels("x").set(rng.randrange(100))

    for seed in range(3):
        worker = multiprocessing.get_context("fork").Process(target=record, args=(seed,))
        worker.start()
        worker.join()
        assert worker.exitcode == 0
    record(3)

    def samples(collector, *without: str) -> list[tuple[Any, ...]]:
        others = ("process_", "python_", "metrics_", *without)
        return sorted(
            (found.name, found.type, found.documentation, s.name, sorted(s.labels.items()), s.value)
            for found in collector.collect()
            for s in found.samples
            if not found.name.startswith(others)
        )

    of_living = ("g_live", "g_all")
    before, kept = samples(theirs), samples(theirs, *of_living)
    assert (len(before), len(kept)) == (72, 60)
    assert samples(ours) == before
    ours.merge_dead()
    assert samples(ours, *of_living) == samples(theirs, *of_living) == kept
    client.generate_latest(ours)


def test_the_files_of_dead_processes_become_one(tmp_path, dead):
    for process in dead:
        write(tmp_path, "counter", process, {ONE: 2.0})
        write(tmp_path, "gauge_livesum", process, {ONE: 1.0})
        write(tmp_path, "gauge_all", process, {ONE: 1.0})
    write(tmp_path, "counter", os.getpid(), {ONE: 1.0, TWO: 5.0})
    assert CountFiles(tmp_path).merge_dead() == 0
    assert names(tmp_path) == {"counter_merged.db", f"counter_{os.getpid()}.db"}
    assert totals(tmp_path) == {ONE: 7.0, TWO: 5.0}


def test_buckets_add_up_in_the_order_of_their_bounds(tmp_path):
    bucket = '["took", "took_bucket", {"le": "BOUND"}, "Help."]'
    counts = {"+Inf": 4.0, "10.0": 2.0, "2.5": 1.0}
    values = {bucket.replace("BOUND", le): count for le, count in counts.items()}
    write(tmp_path, "histogram", os.getpid(), values)
    [took] = [one for one in WorkersCollector(tmp_path).collect() if one.name == "took"]
    shown = [(s.name, s.labels.get("le"), s.value) for s in took.samples]
    assert shown == [
        ("took_bucket", "2.5", 1.0),
        ("took_bucket", "10.0", 3.0),
        ("took_bucket", "+Inf", 7.0),
        ("took_count", None, 7.0),
    ]


def test_info_and_states_are_those_of_the_worker_that_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "processes", WorkersCollector(tmp_path))
    bound(Facts).build.info({"version": "1"})
    bound(Facts).mood.state("bad")
    shown = exposition.render(None)[0].decode().splitlines()
    assert [line for line in shown if not line.startswith(("#", "process_", "python_"))] == [
        'build_info{version="1"} 1.0',
        'mood{mood="good"} 0.0',
        'mood{mood="bad"} 1.0',
    ]


def test_a_process_id_that_comes_again_counts_again(tmp_path, dead):
    for _ in range(3):
        write(tmp_path, "counter", dead[0], {ONE: 2.0})
        CountFiles(tmp_path).merge_dead()
    assert names(tmp_path) == {"counter_merged.db"}
    assert totals(tmp_path) == {ONE: 6.0}


@pytest.mark.parametrize(("kind", "sample"), [("counter", "total"), ("histogram", "sum")])
def test_a_sum_is_the_same_to_the_last_bit_whoever_is_merged(tmp_path, dead, kind, sample):
    rng = random.Random(7)
    key = ONE.replace("total", sample)
    for process in (*dead, os.getpid()):
        values = {key.replace("200", str(n)): rng.random() * 10**n for n in range(16)}
        write(tmp_path, kind, process, values)

    def shown() -> dict[str, float]:
        found = (s for family in WorkersCollector(tmp_path).collect() for s in family.samples)
        return {str(s.labels): s.value for s in found if s.name == f"requests_{sample}"}

    before = shown()
    assert len(before) == 16
    hidden = [
        path.rename(path.with_suffix(".later")) for path in tmp_path.glob(f"{kind}_{dead[0]}.db")
    ]
    CountFiles(tmp_path).merge_dead()
    for path in hidden:
        path.rename(path.with_suffix(".db"))
    assert shown() == before
    CountFiles(tmp_path).merge_dead()
    assert shown() == before


def test_the_layout_of_the_files_is_the_known_one(tmp_path):
    def entry(key: str, value: float) -> bytes:
        padded = key.encode() + b" " * (8 - (len(key) + 4) % 8)
        return struct.pack("i", len(key)) + padded + struct.pack("dd", value, 0.0)

    body = entry(ONE, 2.0) + entry(TWO, 3.0)
    expected = struct.pack("ii", 8 + len(body), 0) + body
    written = write(tmp_path, "counter", "merged", {ONE: 2.0, TWO: 3.0}).read_bytes()
    assert written.rstrip(b"\0") == expected.rstrip(b"\0")
    (tmp_path / "counter_merged.db").write_bytes(expected)
    assert totals(tmp_path) == {ONE: 2.0, TWO: 3.0}


def test_a_torn_file_is_read_up_to_its_last_whole_entry(tmp_path):
    file = write(tmp_path, "counter", os.getpid(), {ONE: 2.0, TWO: 3.0})
    content = file.read_bytes()
    used = struct.unpack_from("i", content)[0]
    first = 8 + (used - 8) // 2
    for length in range(used):
        file.unlink()  # some file systems wait for the disk when a file is cut and written anew
        file.write_bytes(content[:length])
        [(_, values, whole)] = CountFiles(tmp_path).read()
        assert values == ({ONE: (2.0, 0.0)} if length >= first else {}), length
        assert not whole


@pytest.mark.parametrize("length", [-24, -4, 10_000])
def test_a_length_that_cannot_be_ends_the_reading(tmp_path, length):
    file = write(tmp_path, "counter", os.getpid(), {ONE: 2.0, TWO: 3.0})
    content = bytearray(file.read_bytes())
    struct.pack_into("i", content, 8 + (struct.unpack_from("i", content)[0] - 8) // 2, length)
    file.write_bytes(content)
    [(_, values, whole)] = CountFiles(tmp_path).read()
    assert (values, whole) == ({ONE: (2.0, 0.0)}, False)


def test_a_torn_file_of_a_dead_process_is_counted_and_logged_once(tmp_path, dead, metrics, caplog):
    write(tmp_path, "counter", os.getpid(), {ONE: 1.0})
    file = write(tmp_path, "counter", dead[0], {ONE: 2.0, TWO: 3.0})
    file.write_bytes(file.read_bytes()[: struct.unpack_from("i", file.read_bytes())[0] - 1])
    (tmp_path / f"gauge_max_{dead[1]}.db").touch()
    collector = WorkersCollector(tmp_path)
    with metrics.adds({"workers_torn_files_total": 2.0}):
        for _ in range(3):
            list(collector.collect())
    assert totals(tmp_path) == {ONE: 3.0}
    living = f"counter_{os.getpid()}.db"
    assert names(tmp_path) == {"counter_merged.db", "gauge_max_merged.db", living}
    assert len([record for record in caplog.records if "is torn" in record.getMessage()]) == 2


def test_a_file_that_a_living_process_is_about_to_fill_is_left_alone(tmp_path, metrics):
    (tmp_path / f"counter_{os.getpid()}.db").touch()
    with metrics.adds({}):
        list(WorkersCollector(tmp_path).collect())
    assert names(tmp_path) == {f"counter_{os.getpid()}.db"}


def test_a_reader_meets_every_count_once_while_files_are_merged(tmp_path, dead):
    write(tmp_path, "counter", os.getpid(), {ONE: 0.0})
    written = [0]
    stop = threading.Event()
    wrong: list[tuple[float, float, float]] = []
    seen = [0.0]

    def read() -> None:
        while not stop.is_set():
            least = written[0]
            found = totals(tmp_path)[ONE]
            if not max(least, seen[0]) <= found <= written[0] + 1:
                wrong.append((least, found, written[0]))
            seen[0] = found

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 51):
        write(tmp_path, "counter", dead[number % 3], {ONE: 1.0})
        written[0] = number
        CountFiles(tmp_path).merge_dead()
    stop.set()
    reader.join()
    assert wrong == []
    assert seen[0] > 0
    assert totals(tmp_path) == {ONE: 50.0}
