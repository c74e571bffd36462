"""What a process counts is exact and outlives it, whoever forks, is killed or takes its place."""

import math
import os
import signal
import threading
from collections.abc import Callable

import pytest

from {{ cookiecutter.package_name }}.platform.workers import table as tables
from {{ cookiecutter.package_name }}.platform.workers import values
from {{ cookiecutter.package_name }}.platform.workers.table import FIRST, NOWHERE, Table, merged
from {{ cookiecutter.package_name }}.platform.workers.values import Counting, shared_value

pytestmark = pytest.mark.forked

MODES = (
    "sum",
    "max",
    "min",
    "mostrecent",
    "livesum",
    "livemax",
    "livemin",
    "livemostrecent",
    "all",
    "liveall",
)


@pytest.fixture
def table(monkeypatch) -> Table:
    """A table of four columns, the first of which is this process's."""
    table = Table(4)
    monkeypatch.setattr(values, "counting", Counting())
    values.counting.join(table, table.columns[0])
    return table


def counter(name: str = "calls"):
    """A number as a counter makes it."""
    return shared_value("counter", name, f"{name}_total", ("a",), ("x",), "Help.")


def gauge(mode: str = "livesum"):
    """A number as a gauge makes it."""
    return shared_value("gauge", "level", "level", (), (), "Help.", multiprocess_mode=mode)


def child(action: Callable[[], object], table: Table | None = None, column: int = 1) -> int:
    """The status of a process forked for this; it counts in that column of a table."""
    process = os.fork()
    if process == 0:
        try:
            if table is not None:
                values.counting.join(table, table.columns[column])
            action()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(process, 0)[1]


def row(table: Table, number: int = 0) -> list[float]:
    """The values of a row, by column."""
    return [column[FIRST + 2 * number] for column in table.columns]


def test_each_process_counts_in_its_own_column_of_one_row(table):
    one = counter()
    one.inc(5)

    def work() -> None:
        assert one.get() == 0.0
        one.inc(1)
        again = counter()
        again.inc(2)
        counter("other").inc(7)

    assert child(work, table) == 0
    assert row(table) == [5.0, 3.0, 0.0, 0.0]
    assert row(table, 1) == [0.0, 7.0, 0.0, 0.0]
    assert counter("other").get() == 0.0


def test_rows_are_the_same_in_processes_that_make_them_at_once(table):
    def work(column: int) -> None:
        values.counting.join(table, table.columns[column])
        for number in range(100):
            counter(f"c{number if column == 1 else 99 - number}").inc(number)

    children = []
    for column in (1, 2):
        process = os.fork()
        if process == 0:
            work(column)
            os._exit(0)
        children.append(process)
    for process in children:
        assert os.waitpid(process, 0)[1] == 0
    assert len(table.rows()) == 100
    for key, place in table.rows():
        number = int(key.split('"')[3].removeprefix("c"))
        assert [column[place] for column in table.columns] == [0, number, 99 - number, 0]


@pytest.mark.parametrize("killed_by", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_process_counted_stays_and_its_successor_goes_on(table, killed_by):
    one = counter()

    def work() -> None:
        for _ in range(1000):
            one.inc(1)
        os.kill(os.getpid(), killed_by)

    for times in (1, 2):
        assert child(work, table) == killed_by
        assert row(table) == [0.0, 1000.0 * times, 0.0, 0.0]


def test_a_process_that_a_worker_forks_counts_for_itself(table):
    one, level = counter(), gauge()

    def work() -> None:
        one.inc(1)
        level.set(7)

        def deeper() -> None:
            one.inc(3)
            level.inc(3)
            counter("new").inc(1)
            assert (one.get(), level.get()) == (3.0, 3.0)

        assert child(deeper) == 0
        assert (one.get(), level.get()) == (1.0, 7.0)

    assert child(work, table) == 0
    assert [row(table, number) for number in range(3)] == [[0, 1, 0, 0], [0, 7, 0, 0], [0, 0, 0, 0]]


def test_threads_lose_no_count(table):
    shared = [counter("one"), gauge()]

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


def test_a_process_forked_while_another_thread_counts_does_not_wait_for_it(table):
    one = counter()
    held, end = threading.Event(), threading.Event()

    def hold() -> None:
        with values.counting.lock:
            held.set()
            end.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        assert child(lambda: one.inc(1)) == 0
    finally:
        end.set()
        thread.join()


def test_a_count_that_ends_within_another_does_not_wait_for_it(table):
    one = counter()
    with values.counting.lock:
        one.inc(1)
    assert one.get() == 1.0


def test_a_number_without_room_is_reported_once_and_counted_when_there_is_some(
    table, metrics, monkeypatch, caplog
):
    monkeypatch.setattr(tables, "NUMBERS", FIRST)
    one, level = counter(), gauge()
    with metrics.adds({'metrics_errors_total{component="workers"}': 1.0}):
        for _ in range(3):
            one.inc(1)
            level.set(1)
    assert len(caplog.records) == 1
    assert table.rows() == []
    monkeypatch.setattr(tables, "NUMBERS", FIRST + 4)
    one.inc(1)
    assert table.rows() == []  # not tried again at every count
    table._retry_at = 0.0
    one.inc(1)
    assert row(table) == [1.0, 0.0, 0.0, 0.0]
    assert table.place("another") == FIRST + 2
    assert table.place("too many") == NOWHERE


def test_a_gauge_that_ends_keeps_what_its_mode_says(table):
    levels = {
        mode: shared_value("gauge", mode, mode, (), (), "", multiprocess_mode=mode)
        for mode in MODES
    }

    def work(number: float) -> None:
        for level in levels.values():
            level.set(number, timestamp=10 * number)

    for number in (3, 1, 2):
        assert child(lambda number=number: work(number), table) == 0
        table.end(table.columns[1], table.columns[3])
    kept = {
        mode: column[place]
        for (_, place), mode in zip(table.rows(), MODES, strict=True)
        for column in [table.columns[3]]
    }
    assert kept == {"sum": 6.0, "max": 3.0, "min": 1.0, "mostrecent": 3.0} | dict.fromkeys(
        MODES[4:], 0.0
    )
    assert all(
        table.columns[1][place] == table.columns[1][place + 1] == 0.0 for _, place in table.rows()
    )


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("sum", 4.5),
        ("max", 5.0),
        ("min", -0.5),
        ("mostrecent", -0.5),
        ("livesum", 4.5),
        ("livemin", -0.5),
    ],
)
def test_a_process_that_never_set_a_gauge_has_no_part_in_it(mode, shown):
    value, _ = merged(mode, [(0.0, 0.0), (5.0, 1.0), (-0.5, 2.0)])
    assert value == shown


@pytest.mark.parametrize(
    ("mode", "shown"), [("sum", 0.0), ("livesum", 0.0), ("max", None), ("livemin", None)]
)
def test_a_gauge_that_nobody_set_is_0_as_a_sum_and_nothing_else(mode, shown):
    cell = merged(mode, [(0.0, 0.0)])
    assert (cell and cell[0]) == shown


def test_a_gauge_takes_any_number(table):
    level = gauge("max")
    for number in (-math.inf, math.inf, 0.0, 4.0):
        level.set(number)
        assert level.get() == number
    level.set(math.nan)
    assert math.isnan(level.get())
