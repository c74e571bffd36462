"""Checks never hold anybody up, and the window counts exactly in fixed memory."""

import threading
import time

import pytest

from {{ cookiecutter.package_name }}.platform.core.components import Component, ComponentError, HealthCheck
from {{ cookiecutter.package_name }}.platform.core.config import SettingsError, load
from {{ cookiecutter.package_name }}.platform.core.lifecycle import Lifecycle
from {{ cookiecutter.package_name }}.platform.core.logging import reason_of
from {{ cookiecutter.package_name }}.platform.health import checks, get_health_status
from {{ cookiecutter.package_name }}.platform.health import window as window_module
from {{ cookiecutter.package_name }}.platform.health.checks import CheckRunner, HealthSettings
from {{ cookiecutter.package_name }}.platform.health.report import Health
from {{ cookiecutter.package_name }}.platform.health.window import RequestWindow


def runner_of(*checks: HealthCheck, timeout: float, keep: float = 0) -> CheckRunner:
    """A runner with these checks, which may take so long; in seconds."""
    settings = HealthSettings(health_check_timeout_seconds=timeout, health_cache_seconds=keep)
    return CheckRunner(checks, settings)


def fail() -> None:
    """A probe of something that is down."""
    raise ConnectionError("no route to\npostgresql://user:s3cret@host:5432/db \x1b[2J")


def test_checks_run_at_the_same_time_and_within_their_timeout():
    hold = threading.Event()
    slow = [HealthCheck(name=f"slow{number}", probe=hold.wait) for number in range(5)]
    quick = HealthCheck(name="quick", probe=lambda: None)
    runner = runner_of(*slow, quick, timeout=0.4)
    start = time.perf_counter()
    results = runner.results()
    assert time.perf_counter() - start < 1.8  # one after the other, they would take 2
    assert [result["status"] for result in results.values()] == ["timeout"] * 5 + ["ok"]
    hold.set()


def test_a_check_that_hangs_is_not_started_again_until_it_ends():
    hold = threading.Event()
    started = []

    def hang() -> None:
        started.append(1)
        hold.wait()

    runner = runner_of(HealthCheck(name="hangs", probe=hang), timeout=0.05)
    assert [runner.results()["hangs"]["status"] for _ in range(3)] == ["timeout"] * 3
    assert len(started) == 1
    hold.set()
    wait_until(lambda: runner.results()["hangs"]["status"] == "ok")


def test_results_are_kept_and_callers_share_a_run():
    runs = []
    check = HealthCheck(name="counted", probe=lambda: runs.append(1))
    runner = runner_of(check, timeout=1, keep=60)
    threads = [threading.Thread(target=runner.results) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 1


def test_a_change_of_outcome_is_logged_once_with_its_reason_and_without_a_secret(caplog):
    caplog.set_level("INFO")
    hold = threading.Event()
    down = True

    def probe() -> None:
        if down:
            fail()

    runner = runner_of(
        HealthCheck(name="down", probe=probe),
        HealthCheck(name="slow", probe=hold.wait),
        timeout=0.05,
    )
    runner.results()
    runner.results()
    down = False
    runner.results()
    assert [record.getMessage() for record in caplog.records] == [
        "health check down: ConnectionError: no route to postgresql://***@host:5432/db \x1b[2J",
        "health check slow: no answer within 0.05 s",
        "health check down: ok",
    ]
    hold.set()


def test_the_window_keeps_a_hundred_requests_and_five_minutes(monkeypatch):
    now = 0.0
    monkeypatch.setattr(window_module, "perf_counter", lambda: now)
    window = RequestWindow()
    for _ in range(150):
        window.record((0.0, 0.010, 500, "192.0.2.1"))
    assert tuple(window.summary().values()) == (150, 10.0, 1)
    now = 301.0
    window.record((301.0, 0.020, 200, "192.0.2.2"))
    assert tuple(window.summary().values()) == (0, 10.1, 1)


def wait_until(condition) -> None:
    """Wait for something that another thread is about to do."""
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_nobody_waits_for_a_check_that_is_known_to_hang():
    hold = threading.Event()
    runner = runner_of(HealthCheck(name="hangs", probe=hold.wait), timeout=0.3)
    assert runner.results()["hangs"]["status"] == "timeout"
    start = time.perf_counter()
    assert [runner.results()["hangs"]["status"] for _ in range(20)] == ["timeout"] * 20
    assert time.perf_counter() - start < 3.0  # one after the other, they would take 6
    hold.set()


def test_callers_that_come_while_a_check_hangs_leave_together():
    hold = threading.Event()
    runner = runner_of(HealthCheck(name="hangs", probe=hold.wait), timeout=0.3)
    start = time.perf_counter()
    threads = [threading.Thread(target=runner.results) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.perf_counter() - start < 3.0  # one after the other, they would take 6
    hold.set()


def test_two_checks_of_one_name_are_refused_with_their_owners():
    components = [
        Component(name="orders", checks=(HealthCheck(name="queue", probe=fail),)),
        Component(name="mail", checks=(HealthCheck(name="queue", probe=lambda: None),)),
    ]
    with pytest.raises(ComponentError, match="orders and mail both have a health check 'queue'"):
        Health(Lifecycle(components), components)


def test_an_error_is_counted_for_five_minutes_whatever_comes_after_it(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(window_module, "perf_counter", lambda: now)
    window = RequestWindow()
    for _ in range(50):
        window.record((now, 0.010, 503, "192.0.2.1"))
    for _ in range(1000):
        window.record((now, 0.010, 200, "192.0.2.1"))
    assert window.summary()["recent_errors_5min"] == 50
    now = 1299.0
    assert window.summary()["recent_errors_5min"] == 50
    now = 1301.0
    assert window.summary()["recent_errors_5min"] == 0


def test_errors_of_every_second_add_up_and_take_no_more_memory(monkeypatch):
    now = 0.0
    monkeypatch.setattr(window_module, "perf_counter", lambda: now)
    window = RequestWindow()
    for second in range(1000):
        now = float(second)
        window.record((now, 0.0, 500, "192.0.2.1"))
    assert window.summary()["recent_errors_5min"] == 300
    assert len(vars(window)["_errors"]) == 300


def test_a_check_that_hangs_is_one_run_and_stays_not_ok_until_it_ends(metrics):
    hold = threading.Event()
    runner = runner_of(HealthCheck(name="hangs", probe=hold.wait), timeout=0.05)
    with metrics.adds({'health_check_duration_seconds_count{check="hangs"}': 1}, "health_check_d"):
        for _ in range(3):
            runner.results()
    assert metrics.value('health_check_status{check="hangs"}') == 0
    hold.set()
    wait_until(lambda: runner.results()["hangs"]["status"] == "ok")
    assert metrics.value('health_check_status{check="hangs"}') == 1


def test_a_check_that_fails_says_how_long_that_took():
    def probe() -> None:
        time.sleep(0.05)
        fail()

    result = runner_of(HealthCheck(name="slow", probe=probe), timeout=5).results()["slow"]
    assert result["status"] == "failed"
    assert result["latency_ms"] >= 50


def test_a_check_of_a_component_is_run_instead_of_one_that_is_registered(monkeypatch):
    monkeypatch.setattr(checks, "_registered", {})
    runner = runner_of(HealthCheck(name="queue", probe=lambda: None), timeout=1)
    checks.register_health_check("queue", fail)
    checks.register_health_check("mail", fail, required=False)
    statuses = {name: (one["status"], one["required"]) for name, one in runner.results().items()}
    assert statuses == {"queue": ("ok", True), "mail": ("failed", False)}


def test_nobody_is_told_of_a_service_before_there_is_one(monkeypatch):
    monkeypatch.setattr(Health, "last", None)
    with pytest.raises(RuntimeError, match="call `install` before"):
        get_health_status()


class Waiting:
    """A request in flight, as the window sees it."""

    method = "GET"

    def __init__(self, began: float) -> None:
        self.began = began

    def find_endpoint(self) -> str:
        """Its route, which tells here when it began."""
        return f"/{self.began:g}"


def test_the_twenty_oldest_of_those_in_flight_for_ten_seconds_are_named(monkeypatch):
    monkeypatch.setattr(window_module, "perf_counter", lambda: 100.0)
    window = RequestWindow()
    window.in_flight |= {Waiting(began) for began in range(60, 100)}
    assert window.slow() == [
        {"method": "GET", "endpoint": f"/{began}", "age_seconds": 100 - began}
        for began in range(60, 80)
    ]
    window.in_flight = {Waiting(90.0), Waiting(89.9)}
    assert [one["endpoint"] for one in window.slow()] == ["/89.9"]


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "bearer  ", "\xff\xfe", "Bearer \u20ac"]
)
def test_nobody_has_an_empty_token(mock_env, header):
    mock_env(HEALTH_DETAILS="authorized")
    health = Health(Lifecycle([]), [])
    assert health.answer("GET", "/health", None, header)[0] == b'{"status": "unhealthy"}'
    assert health.answer("GET", "/metrics", None, header)[1] == 200


async def later() -> None:
    """A probe that nobody awaits."""
    raise OSError("down")


@pytest.mark.parametrize("probe", [later, lambda *of: later()])
def test_a_check_that_nobody_would_await_fails_and_says_why(caplog, probe):
    assert runner_of(HealthCheck(name="x", probe=probe), timeout=5).results()["x"]["status"] == (
        "failed"
    )
    assert caplog.messages == [
        "health check x: ComponentError: nothing of later ran: use a plain function"
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at redis://user:s3/cr@et@host/0", "at redis://***@host/0"),
        ("https://host/?token=s3cret&page=2 is 401", "https://host/?token=***&page=2 is 401"),
        ("host=db password='s3 cret' user=me", "host=db password=*** user=me"),
        ("sent Authorization: Bearer s3cret", "sent Authorization: Bearer ***"),
        ("{'api_key': \"s3cret\"}", "{'api_key': ***}"),
        ("token expired, key 7 unknown", "token expired, key 7 unknown"),
    ],
)
def test_a_reason_names_no_secret(text, shown):
    assert reason_of(ValueError(text)) == f"ValueError: {shown}"


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_an_exception_without_a_text_is_a_failure_like_any_other(caplog, error):
    class Broken(Exception):  # noqa: N818 - as a team may write it
        def __str__(self) -> str:
            raise error

    def probe() -> None:
        raise Broken

    runner = CheckRunner([HealthCheck(name="broken", probe=probe)], HealthSettings())
    assert runner.results()["broken"]["status"] == "failed"
    assert "health check broken: Broken: its text cannot be had" in caplog.text


def test_a_blank_token_is_refused(mock_env):
    mock_env(OPERATIONS_TOKEN=" ")
    with pytest.raises(SettingsError, match=r"^OPERATIONS_TOKEN: is blank: unset it"):
        load(HealthSettings)
