"""What anyone may cause at every request is limited, by the minute."""

import logging

import pytest

from {{ cookiecutter.package_name }}.platform.core import limits


@pytest.fixture
def clock(monkeypatch):
    """Set the time, in seconds."""
    monkeypatch.setattr(limits, "monotonic", lambda: clock.now)
    clock = type("Clock", (), {"now": 0.0})
    return clock


def test_so_many_pass_in_a_minute_and_as_many_in_the_next(clock):
    limit = limits.PerMinute()
    for clock.now in (0.0, 59.9, 60.0, 119.9):
        assert [limit.take(3) > 0 for _ in range(2)] == [True, clock.now in {0.0, 60.0}]


def test_what_passes_stands_for_those_of_its_cause_that_could_not(clock):
    limit = limits.PerMinute()
    assert [limit.take(1, "disk") for _ in range(3)] == [1, 0, 0]
    assert limit.take(1, "net") == 1
    clock.now = 59.9
    assert limit.take(1, "disk") == 0
    clock.now = 60.0
    assert [limit.take(1, "disk") for _ in range(2)] == [4, 0]
    clock.now = 120.0
    assert (limit.take(1, "disk"), limit.take(1, "net")) == (2, 1)


def test_a_warning_is_logged_once_a_minute_from_each_place_and_all_else_always(clock, caplog):
    logger = logging.getLogger("served")
    logger.addFilter(limits.PerMinute().passes)

    def refuse(client: int) -> None:
        logger.warning("refused %d", client)

    for clock.now in (0.0, 60.0):
        for client in range(3):
            refuse(client)
            logger.error("failed %d", client)
        logger.warning("low on paper")
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warned == ["refused 0", "low on paper", "refused 0 (3 times)", "low on paper"]
    assert len(caplog.records) - len(warned) == 6
