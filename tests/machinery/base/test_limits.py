"""What anyone may cause at every request is limited, by the minute."""

import pytest

from {{ cookiecutter.package_name }}.platform.core import limits


@pytest.fixture
def clock(monkeypatch):
    """Set the time, in seconds."""
    monkeypatch.setattr(limits, "monotonic", lambda: clock.now)
    clock = type("Clock", (), {"now": 0.0})
    return clock


def test_so_many_pass_in_a_minute_and_as_many_in_the_next(clock):
    passing = limits.PerMinute()
    for clock.now in (0.0, 59.9, 60.0, 119.9):
        assert [passing.take(3) for _ in range(2)] == [True, clock.now in {0.0, 60.0}]


def test_a_cause_is_logged_again_after_the_time_with_what_happened_meanwhile(clock):
    limit = limits.LogLimit(seconds=60.0)
    assert [limit.due("disk") for _ in range(3)] == [1, 0, 0]
    assert limit.due("net") == 1
    clock.now = 59.9
    assert limit.due("disk") == 0
    clock.now = 60.0
    assert [limit.due("disk") for _ in range(2)] == [4, 0]
    clock.now = 120.0
    assert (limit.due("disk"), limit.due("net")) == (2, 1)
