"""A log line has the same fields whoever wrote it, in the form that was asked for."""

import json
import logging

from {{ cookiecutter.package_name }}.platform.core.config import ServiceSettings, load
from {{ cookiecutter.package_name }}.platform.core.logging import configure
from {{ cookiecutter.package_name }}.platform.logs import component as logs
from {{ cookiecutter.package_name }}.platform.web import component
from {{ cookiecutter.package_name }}.platform.web.measured import access_log


def test_a_json_line_has_time_level_logger_and_message(mock_env, capsys):
    mock_env(LOG_FORMAT="json")
    configure(load(ServiceSettings))
    logging.getLogger("orders").warning("sold out: %s", "pens")
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time")
    assert line == {"level": "WARNING", "logger": "orders", "message": "sold out: pens"}


def test_a_text_line_is_one_line_whatever_a_client_sent(mock_env, capsys):
    mock_env(LOG_FORMAT="text")
    configure(load(ServiceSettings))
    logging.getLogger("orders").warning("not at %s", "/\r\n2026 ERROR \x1b[31m\x9b\u2028é")
    line = "WARNING orders: not at /\\r\\n2026 ERROR \\x1b[31m\\x9b\\u2028é\n"
    assert capsys.readouterr().err.endswith(line)


def test_a_line_below_the_level_is_not_written(mock_env, capsys):
    mock_env(LOG_LEVEL="ERROR")
    configure(load(ServiceSettings))
    logging.getLogger("orders").warning("sold out")
    assert capsys.readouterr().err == ""


def test_a_request_is_no_line_below_the_level(mock_env, capsys):
    mock_env(LOG_LEVEL="WARNING", ACCESS_LOG="true")
    configure(load(ServiceSettings))
    logs.component.start()
    access_log.info("GET %s", "/nowhere")
    logs.component.stop()
    assert capsys.readouterr().err == ""


def test_who_remembers_the_first_error_breaks_no_code_that_logs():
    class Broken(Exception):  # noqa: N818 - as a team may write it
        def __str__(self) -> str:
            raise ValueError("no text")

    first = component._FirstError(logging.ERROR)
    first.handle(logging.makeLogRecord({"msg": "%d pens", "args": ("many",)}))
    assert first.text == ""
    first.handle(logging.makeLogRecord({"msg": "sold out", "exc_info": (Broken, Broken(), None)}))
    assert first.text == "sold out: Broken: its text cannot be had"
