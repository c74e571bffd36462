"""Every request has a name, in its answer and in its lines; what is logged is counted."""

import logging
import re

import pytest

from {{ cookiecutter.package_name }}.platform.core.config import (
    ServiceSettings,
    SettingsError,
    load,
)
from {{ cookiecutter.package_name }}.platform.core.logging import configure
from {{ cookiecutter.package_name }}.platform.logs.component import LogSettings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
MADE = re.compile("[0-9a-f]{16}")


@pytest.fixture
def on(mock_env):
    """Requests are logged."""
    mock_env(ACCESS_LOG="true")


def lines(caplog):
    return [one.getMessage() for one in caplog.records if one.name.endswith("measured.access")]


def test_a_request_is_one_line(on, client, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/probe/stream")
        client.get("/livez")
    [line] = lines(caplog)
    assert re.fullmatch(r"GET /probe/stream 200 \d+\.\d ms", line)


def test_requests_are_no_lines_unless_asked_for(client, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/nowhere")
    assert lines(caplog) == []


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"X-Request-ID": "order-7.1_a"}, "order-7.1_a"),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"X-Request-ID": "x" * 65, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"X-Request-ID": "two words"}, None),
        ({"X-Request-ID": "\x1b[31m"}, None),
        ({"traceparent": "00-short-00f067aa0ba902b7-01"}, None),
        ({}, None),
    ],
)
def test_the_answer_names_the_request(client, headers, name):
    given = client.get("/nowhere", headers=headers).headers["x-request-id"]
    assert given == name or (name is None and MADE.fullmatch(given))


def test_every_line_of_a_request_names_it_and_none_after_it(on, client, capsys):
    configure(load(ServiceSettings))
    client.get("/probe/broken", headers={"X-Request-ID": "id-1"})
    during = capsys.readouterr().err.splitlines()
    records = [line for line in during if not line.startswith(" ") and "httpx2" not in line]
    assert len(records) >= 2  # the exception, and the request
    assert all(line.endswith(" request=id-1") for line in records)
    logging.getLogger("orders").warning("later")
    assert capsys.readouterr().err.endswith(" orders: later\n")


def test_a_traceback_looks_like_no_record(capsys):
    configure(load(ServiceSettings))
    forged = ValueError("sent\n2026-01-01 00:00:00,000 ERROR forged\x1b[31m")
    logging.getLogger("orders").error("wrong", exc_info=forged)
    first, *others = capsys.readouterr().err.splitlines()
    assert first.endswith("orders: wrong")
    assert others[-1].endswith("ERROR forged\\x1b[31m")
    assert all(line.startswith("    ") and "\x1b" not in line for line in others)


def test_what_is_logged_is_counted(client, metrics):
    with metrics.adds(
        {
            'log_messages_total{level="WARNING"}': 2,
            'log_messages_total{level="ERROR"}': 1,
            'application_errors_total{type="KeyError"}': 1,
        },
        "log_messages",
        "application_errors",
    ):
        logger = logging.getLogger("orders")
        logger.warning("one")
        logger.log(logging.WARNING + 5, "between two levels")
        logger.error("two", exc_info=KeyError("three"))


def test_sentry_without_its_package_says_what_to_install(mock_env):
    mock_env(SENTRY_DSN="http://key@127.0.0.1:9/1")
    with pytest.raises(SettingsError, match=r"^SENTRY_DSN: needs .* run `uv add sentry-sdk`$"):
        load(LogSettings)
