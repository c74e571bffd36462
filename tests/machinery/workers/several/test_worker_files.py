"""What several processes counted is read as one, whoever of them lives, dies or is cut off."""

import importlib
import math
import multiprocessing
import os
import random
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from prometheus_client import generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.utils import floatToGoString

from {{ cookiecutter.package_name }}.platform.metrics import exposition, sharing
from {{ cookiecutter.package_name }}.platform.metrics.factory import (
    Counter,
    Enum,
    Info,
    MetricGroup,
    bound,
)
from {{ cookiecutter.package_name }}.platform.workers.exposition import Workers
from {{ cookiecutter.package_name }}.platform.workers.files import CountFiles

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
    for content in CountFiles(folder).read():
        for key, (value, _) in zip(content.keys, content.entries, strict=True):
            found[key] = found.get(key, 0.0) + value
    return found


def names(folder: Path) -> set[str]:
    """The names of the files that hold values."""
    return {path.name for path in folder.glob("*.db")}


SERVICE = "{{ cookiecutter.package_name }}"
OWN = re.compile(r"(# [A-Z]+ )?(process|python)_")


@pytest.fixture
def renewed(tmp_path, monkeypatch) -> Callable[[str], ModuleType]:
    """Import a module as a process does that counts in the files of a folder."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for name in [name for name in sys.modules if name.startswith(("prometheus_client", SERVICE))]:
        del sys.modules[name]
    return importlib.import_module


@pytest.mark.forked
@pytest.mark.parametrize("own_values", [True, False])
def test_several_processes_read_as_prometheus_client_itself_reads_them(
    renewed, tmp_path, own_values
):
    client = renewed("prometheus_client")
    if own_values:
        renewed(f"{SERVICE}.platform.workers.directory").share()
    encoders = [client, renewed("prometheus_client.openmetrics.exposition")]
    theirs = renewed("prometheus_client.multiprocess").MultiProcessCollector(None)
    ours = renewed(f"{SERVICE}.platform.workers.exposition").Workers(tmp_path)

    modes = ("sum", "max", "min", "mostrecent", "all")
    gauges = [
        client.Gauge(f"g_{mode}", "G.", ["a"], multiprocess_mode=mode)
        for mode in (*modes, *(f"live{mode}" for mode in modes))
    ]
    counter, plain = client.Counter("c", "C.", ["a", "b"]), client.Counter("plain", "No labels.")
    histogram = client.Histogram("h", "H.", ["a"], buckets=(0.1, 1, 10))
    summary = client.Summary("s", "S.", ["a"])
    odd = client.Counter("odd", "A \\ and a\nline.", ["a"])

    def record(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(200):
            a = str(rng.randrange(5))
            counter.labels(a, str(rng.randrange(3))).inc(rng.randrange(9))
            plain.inc()
            odd.labels('"\\\n \u2028}').inc(2**60 if a == "1" else 0.25)
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

    def lines(body: bytes, *without: str) -> list[str]:
        return sorted(
            line
            for line in body.decode().replace('.0"', '"').split("\n")  # the number of the file
            if not OWN.match(line) and not any(name in line for name in without)
        )

    of_living = ("g_live", "g_all")
    kept = {}
    for module in encoders:
        encode = module.generate_latest
        before = encode(theirs)
        assert len([line for line in lines(before) if line[:1] not in ("#", "")]) == 73
        for _ in range(2):
            assert lines(ours.expose(encode, module.__name__)) == lines(before)
        kept[module] = lines(before, *of_living)
    ours.merge_dead()
    for module in encoders:
        encode = module.generate_latest
        assert lines(encode(theirs), *of_living) == kept[module]
        assert lines(ours.expose(encode, module.__name__), *of_living) == kept[module]


@pytest.mark.forked
@pytest.mark.parametrize("collected", ["true", "false"])
def test_what_is_kept_in_no_file_is_that_of_the_worker_that_answers(
    renewed, collected, monkeypatch
):
    monkeypatch.setenv("COLLECT_LETTERS_METRICS", collected)
    renewed(f"{SERVICE}.platform.workers.directory").share()
    client, core = renewed("prometheus_client"), renewed("prometheus_client.core")
    factory = renewed(f"{SERVICE}.platform.metrics.factory")
    active = renewed(f"{SERVICE}.platform.metrics.registry").reset_for_test()

    class Letters(factory.MetricGroup, component="letters"):
        sent = factory.Counter("letters_sent_total", "Letters sent.")
        office = factory.Info("office", "The office.")
        door = factory.Enum("door", "The door.", states=["open", "shut"])

    class Waiting:
        def collect(self):
            yield core.GaugeMetricFamily("letters_waiting", "Letters that wait.", value=3)

    letters = factory.bound(Letters)
    letters.sent.inc()
    letters.office.info({"town": "Bern"})
    letters.door.state("shut")
    active.safe_register("post", Waiting())
    active.safe_register("library", client.Counter("read", "Letters read.", registry=None)).inc()
    active.safe_register("process", client.ProcessCollector(registry=None))
    body = renewed(f"{SERVICE}.platform.metrics.exposition").render(None)[0].decode()
    shown = [line for line in body.splitlines() if not OWN.match(line) and line[0] != "#"]
    declared = ["letters_sent_total 1.0", 'office_info{town="Bern"} 1.0']
    declared += ['door{door="open"} 0.0', 'door{door="shut"} 1.0']
    others = ["letters_waiting 3.0", "read_total 1.0"]
    assert sorted(shown) == sorted(others + declared * (collected == "true"))
    assert body.count("\nprocess_cpu_seconds_total ") == 1


def test_the_files_of_dead_processes_become_one(tmp_path, dead):
    for process in dead:
        write(tmp_path, "counter", process, {ONE: 2.0})
        write(tmp_path, "gauge_livesum", process, {ONE: 1.0})
        write(tmp_path, "gauge_all", process, {ONE: 1.0})
    write(tmp_path, "counter", os.getpid(), {ONE: 1.0, TWO: 5.0})
    assert CountFiles(tmp_path).merge_dead() == 0
    assert names(tmp_path) == {"counter_merged.db", f"counter_{os.getpid()}.db"}
    assert totals(tmp_path) == {ONE: 7.0, TWO: 5.0}


def test_buckets_add_up_in_the_order_of_their_bounds_whatever_a_file_lacks(tmp_path, dead):
    bucket = '["took", "took_bucket", {"le": "BOUND"}, "Help."]'
    counts = {"2.5": 1.0, "10.0": 2.0, "+Inf": 4.0}
    values = [(bucket.replace("BOUND", le), count) for le, count in counts.items()]
    write(tmp_path, "histogram", dead[0], dict(values[:1]))
    CountFiles(tmp_path).merge_dead()
    write(tmp_path, "histogram", dead[1], dict(values[:2]))
    write(tmp_path, "histogram", dead[2], dict(values))
    text = Workers(tmp_path).expose(generate_latest, "text").decode()
    assert [line for line in text.splitlines() if line.startswith("took")] == [
        'took_bucket{le="2.5"} 3.0',
        'took_bucket{le="10.0"} 7.0',
        'took_bucket{le="+Inf"} 11.0',
        "took_count 11.0",
    ]


def test_info_and_states_are_those_of_the_worker_that_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "processes", Workers(tmp_path))
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

    def shown() -> set[str]:
        text = Workers(tmp_path).expose(generate_latest, "text").decode()
        return {line for line in text.splitlines() if line.startswith("requests")}

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
    known = {False: ([], []), True: ([ONE], [(2.0, 0.0)])}
    for length in range(used):
        file.unlink()  # some file systems wait for the disk when a file is cut and written anew
        file.write_bytes(content[:length])
        [held] = CountFiles(tmp_path).read()
        assert (held.keys, held.entries) == known[length >= first], length
        assert not held.whole


def test_one_reader_follows_files_that_grow_are_cut_off_or_come_again(tmp_path, dead):
    reader = CountFiles(tmp_path)

    def read() -> dict[str, float]:
        [held] = reader.read()
        return {key: value for key, (value, _) in zip(held.keys, held.entries, strict=True)}

    file = write(tmp_path, "gauge_livesum", dead[0], {ONE: 1.0})
    assert read() == {ONE: 1.0}
    writer = MmapedDict(str(file))
    writer.write_value(ONE, 2.0, 0.0)
    writer.write_value(TWO, 3.0, 0.0)
    writer.close()
    assert read() == {ONE: 2.0, TWO: 3.0}
    content = file.read_bytes()
    file.write_bytes(content[: struct.unpack_from("i", content)[0] - 8])
    assert read() == {ONE: 2.0}
    file.write_bytes(b"")
    assert read() == {}
    assert reader.merge_dead() == 0
    write(tmp_path, "gauge_livesum", dead[0], {TWO: 5.0, ONE: 4.0})
    assert read() == {TWO: 5.0, ONE: 4.0}
    CountFiles(tmp_path).merge_dead()
    write(tmp_path, "gauge_livesum", dead[0], {ONE: 6.0, TWO: 7.0})
    assert read() == {ONE: 6.0, TWO: 7.0}


@pytest.mark.parametrize(
    ("first", "second", "total"),
    [(0.1, math.inf, math.inf), (math.inf, -math.inf, math.nan), (1e308, 1e308, math.inf)],
)
def test_a_value_that_is_no_finite_number_fails_no_scrape(tmp_path, dead, first, second, total):
    for process, value in zip(dead, (first, second, 0.5), strict=True):
        write(tmp_path, "summary", process, {ONE: value})
    line = 'requests_total{code="200"} ' + floatToGoString(total)
    for _ in range(2):
        text = Workers(tmp_path).expose(generate_latest, "text").decode()
        assert line in text.splitlines()
        CountFiles(tmp_path).merge_dead()


@pytest.mark.parametrize("length", [-24, -4, 10_000])
def test_a_length_that_cannot_be_ends_the_reading(tmp_path, length):
    file = write(tmp_path, "counter", os.getpid(), {ONE: 2.0, TWO: 3.0})
    content = bytearray(file.read_bytes())
    struct.pack_into("i", content, 8 + (struct.unpack_from("i", content)[0] - 8) // 2, length)
    file.write_bytes(content)
    [held] = CountFiles(tmp_path).read()
    assert (held.keys, held.entries, held.whole) == ([ONE], [(2.0, 0.0)], False)


def test_a_torn_file_of_a_dead_process_is_counted_and_logged_once(tmp_path, dead, metrics, caplog):
    write(tmp_path, "counter", os.getpid(), {ONE: 1.0})
    file = write(tmp_path, "counter", dead[0], {ONE: 2.0, TWO: 3.0})
    file.write_bytes(file.read_bytes()[: struct.unpack_from("i", file.read_bytes())[0] - 1])
    (tmp_path / f"gauge_max_{dead[1]}.db").touch()
    workers = Workers(tmp_path)
    with metrics.adds({"workers_torn_files_total": 2.0}):
        for _ in range(3):
            workers.expose(generate_latest, "text")
    assert totals(tmp_path) == {ONE: 3.0}
    living = f"counter_{os.getpid()}.db"
    assert names(tmp_path) == {"counter_merged.db", "gauge_max_merged.db", living}
    assert len([record for record in caplog.records if "is torn" in record.getMessage()]) == 2


def test_a_file_that_a_living_process_is_about_to_fill_is_left_alone(tmp_path, metrics):
    (tmp_path / f"counter_{os.getpid()}.db").touch()
    with metrics.adds({}):
        Workers(tmp_path).expose(generate_latest, "text")
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
