"""The poller: its first tick, its thread, its turn among processes, and what it gives back."""

import sys
import threading
from asyncio import CancelledError
from time import monotonic, sleep

import pytest

from {{ cookiecutter.package_name }}.platform.polling import component as module
from {{ cookiecutter.package_name }}.platform.polling.component import MetricsPoller


@pytest.fixture
def poller(mock_env):
    mock_env(POLLING_INTERVAL_SECONDS="0.2")
    made = MetricsPoller()
    yield made
    made.stop()


def wait_for(condition):
    until = monotonic() + 5
    while not condition():
        assert monotonic() < until
        sleep(0.01)


def test_the_first_tick_comes_after_one_interval(poller):
    ticks = []
    poller.register_for_polling("one", lambda: ticks.append(monotonic()))
    begin = monotonic()
    poller.start()
    wait_for(lambda: ticks)
    assert ticks[0] - begin >= 0.2


def test_to_start_twice_is_to_start_once(poller):
    before = threading.active_count()
    poller.start()
    poller.start()
    assert threading.active_count() == before + 1


def test_a_stop_ends_the_thread_and_a_start_polls_again(poller):
    ticks = []
    poller.start()
    poller.stop()
    poller.stop()
    poller.register_for_polling("one", lambda: ticks.append(1))
    poller.start()
    wait_for(lambda: ticks)


def test_a_callback_that_hangs_does_not_keep_the_service_from_stopping(poller, monkeypatch):
    monkeypatch.setattr(module, "STOP_SECONDS", 0.1)
    entered, done = threading.Event(), threading.Event()

    def hang():
        entered.set()
        done.wait(10)

    poller.register_for_polling("hanging", hang)
    poller.start()
    assert entered.wait(5)
    begin = monotonic()
    poller.stop()
    assert monotonic() - begin < 1
    done.set()
    wait_for(lambda: not any("_run" in thread.name for thread in threading.enumerate()))


def test_a_callback_that_does_not_end_fails_at_each_interval_until_it_does(poller, metrics, caplog):
    done = threading.Event()
    ticks = []
    failures = 'metrics_poll_failures_total{callback="hanging"}'
    poller.register_for_polling("hanging", lambda: done.wait(10))
    poller.register_for_polling("one", lambda: ticks.append(1))
    poller.start()
    wait_for(lambda: len([one for one in caplog.messages if "hanging has not ended" in one]) == 2)
    assert metrics.value(failures) == 2
    assert metrics.value('metrics_poll_duration_seconds_count{callback="hanging"}') == 0
    assert ticks == []
    done.set()
    wait_for(lambda: ticks)
    assert metrics.value(failures) == 2


def test_a_callback_may_be_registered_at_any_moment_of_a_poll(poller):
    ticks = []

    def is_ours():
        poller.register_for_polling(f"more {len(ticks)}", lambda: ticks.append(1))
        return True

    poller.is_ours = is_ours
    poller.register_for_polling("one", lambda: ticks.append(1))
    poller.start()
    wait_for(lambda: len(ticks) > 3)


async def later() -> None:
    """What nobody awaits."""


def cancelled() -> None:
    """What asyncio raises where a task was cancelled; it is no Exception."""
    raise CancelledError


@pytest.mark.parametrize("callback", [later, sys.exit, cancelled])
def test_a_callback_that_exits_or_is_not_awaited_fails_and_the_others_are_called(
    poller, metrics, callback
):
    ticks = []
    poller.register_for_polling("failing", callback)
    poller.register_for_polling("one", lambda: ticks.append(1))
    poller.start()
    wait_for(lambda: len(ticks) == 2)
    assert metrics.value('metrics_poll_failures_total{callback="failing"}') >= 1


def test_what_a_thread_has_is_given_back_after_each_callback_whatever_happens(poller, metrics):
    had = []

    def fail():
        had.append(threading.current_thread())
        raise LookupError

    poller.register_for_polling("failing", fail)
    poller.register_for_polling("one", lambda: had.append(threading.current_thread()))
    poller.start()
    wait_for(lambda: len(had) == 4)
    assert len(set(had)) == 4
    assert not had[0].is_alive()
    assert metrics.value('metrics_poll_failures_total{callback="failing"}') >= 1


def test_where_there_is_no_thread_to_be_had_the_poll_goes_on_in_its_own(poller, monkeypatch):
    had = []

    class Scarce(threading.Thread):
        def start(self):
            raise RuntimeError("can't start new thread")

    poller.register_for_polling("one", lambda: had.append(threading.current_thread()))
    poller.start()
    monkeypatch.setattr(module, "Thread", Scarce)
    wait_for(lambda: len(had) == 2)
    assert len(set(had)) == 1
