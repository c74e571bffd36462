"""The declared metrics can be listed, shown with their values, and driven for a demo."""

import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from wsgiref.simple_server import WSGIRequestHandler, make_server

import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tools import show, simulate
from tools.__main__ import main
from tools.catalogue import bound_of, catalogue

from {{ cookiecutter.package_name }}.platform.core.components import discover
from {{ cookiecutter.package_name }}.platform.core.config import ServiceSettings, load
from {{ cookiecutter.package_name }}.platform.metrics import Counter, bounded_by, closed, limited


class Silent(WSGIRequestHandler):
    """Logs no requests."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving(application) -> Iterator[str]:
    """The address where that application answers."""
    server = make_server("127.0.0.1", 0, application, handler_class=Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def scraped(registry) -> Iterator[str]:
    """The address of a server that answers with the metrics of this test."""
    with serving(prometheus_client.make_wsgi_app(registry)) as address:
        yield address


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where nothing answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def names() -> list[str]:
    """The name of every declared metric, as the exposition has it."""
    declared = [entry.declaration() for entry in catalogue()]
    return [f"{one.name}_info" if one.kind == "info" else one.name for one in declared]


def test_the_catalogue_has_every_metric_of_every_component():
    declared = [group.declared for component in discover() for group in component.metrics]
    assert len(names()) == sum(map(len, declared)) == len(set(names()))
    assert {"http_requests_total", "metrics_errors_total"} <= set(names())


def test_what_bounds_a_label_is_said_in_words():
    assert bound_of(closed("b", "a")) == "`a`, `b`"
    assert bound_of(closed(*(str(n) for n in range(100, 200)))) == "100 values from `100` to `199`"
    assert bound_of(bounded_by("the routes")) == "bounded by the routes"
    assert bound_of(limited(5)) == "at most 5 values, then `_overflow`"


def test_without_a_service_the_declared_metrics_are_shown(capsys, mock_env, silent_port):
    mock_env(PORT=str(silent_port))
    assert main(["show"]) == 0
    first, _, *table = capsys.readouterr().out.splitlines()
    address = f"http://127.0.0.1:{silent_port}/metrics"
    assert first == f"No metrics at {address}: declared metrics, without values"
    assert [line.split()[0] for line in table] == ["METRIC", *names()]
    assert {line.split()[-1] for line in table[1:]} == {"-"}


def test_the_values_of_the_running_service_are_shown_aligned(capsys, mock_env, client, scraped):
    client.get("/nowhere")
    mock_env(HOST="0.0.0.0", PORT=scraped.split(":")[2].partition("/")[0])
    assert main(["show"]) == 0
    first, _, *table = capsys.readouterr().out.splitlines()
    assert first == f"Values of {scraped}"
    assert max(map(len, table)) <= 100
    first_lines = [line for line in table if not line.startswith(" ")]
    column = table[0].index("TYPE")
    assert {line[column - 2 : column] for line in first_lines} == {"  "}
    [number] = [n for n, line in enumerate(table) if line.startswith("http_requests_total")]
    assert table[number].split()[1:] == ["counter", "endpoint=unmatched", "method=GET", "1"]
    assert table[number + 1].split() == ["status=404"]
    [duration] = [line.split() for line in table if line.startswith("http_request_duration")]
    assert duration[1:-1] == ["histogram", "endpoint=unmatched", "method=GET", "1,", "mean"]
    [errors] = [line.split() for line in table if line.startswith("metrics_errors_total")]
    assert errors == ["metrics_errors_total", "counter", "component", "-"]
    assert {line.split()[0] for line in first_lines[1:]} == set(names())


def test_the_answer_can_be_printed_as_it_is(capsys, scraped, silent_port):
    prometheus_client.Counter("turns_total", "Turns.").inc(3)
    assert main(["show", "--raw", "--url", scraped]) == 0
    assert capsys.readouterr().out == prometheus_client.generate_latest().decode()
    silent = f"http://127.0.0.1:{silent_port}/"
    assert main(["show", "--raw", "--url", silent]) == 1
    assert capsys.readouterr().out == f"No metrics at {silent}\n"


def test_a_url_that_is_not_http_is_refused(capsys):
    assert main(["show", "--url", "file:///etc/hostname"]) == 2
    assert capsys.readouterr().err == "file:///etc/hostname must begin with http:// or https://\n"


def test_something_that_answers_no_metrics_is_not_taken_for_the_service():
    def page(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"<html><body>Hello there, people</body></html>"]

    with serving(page) as address:
        assert show.scrape(address) is None


def test_a_service_that_asks_for_a_token_is_not_taken_for_none(capsys):
    def closed_to_us(environ, start_response):
        start_response("401 Unauthorized", [])
        return []

    with serving(closed_to_us) as address:
        assert main(["show", "--url", address]) == 2
        problem = f"{address} answers 401: set OPERATIONS_TOKEN to the one of the service"
        assert capsys.readouterr().err == f"{problem}\n"


def test_the_service_itself_is_sent_its_token_and_nobody_else_is(capsys, mock_env):
    sent = []

    def metrics(environ, start_response):
        sent.append(environ.get("HTTP_AUTHORIZATION"))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"up 1\n"]

    with serving(metrics) as address:
        mock_env(PORT=address.split(":")[2].partition("/")[0], OPERATIONS_TOKEN="s3cret")
        assert main(["show", "--raw"]) == 0
        assert main(["show", "--raw", "--url", address]) == 0
    assert sent == ["Bearer s3cret", None]


def test_names_are_coloured_on_a_terminal_unless_no_color_is_set(
    capsys, monkeypatch, mock_env, silent_port
):
    def coloured(*, terminal: bool, no_color: str | None) -> set[int]:
        mock_env(PORT=str(silent_port), NO_COLOR=no_color)
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
        assert main(["show"]) == 0
        _, _, *table = capsys.readouterr().out.splitlines()
        return {line.count("\033[0m") for line in table}

    assert coloured(terminal=True, no_color=None) == {1}
    assert coloured(terminal=True, no_color="1") == {0}
    assert coloured(terminal=False, no_color=None) == {0}


def test_the_services_own_metrics_come_first_and_those_of_the_process_last(client):
    exposition = (
        "# TYPE python_info gauge\npython_info 1\n"
        "# TYPE process_open_fds gauge\nprocess_open_fds 9\n"
        "# TYPE orders_open gauge\norders_open 3\n"
    )
    shown = [row.metric for row in show.values(exposition, catalogue())]
    assert shown[0] == "orders_open"
    assert shown[-2:] == ["python_info", "process_open_fds"]


def test_a_table_fits_a_hundred_columns_and_loses_nothing():
    rows = [
        show.Row("a_long_name_" * 6 + "total", "counter", " ".join(["x" * 60] * 3), "1" * 40),
        show.Row("other_total", "histogram", "y" * 128, "123456, mean 0.02345"),
        show.Row("shorter", "gauge", "", "-"),
    ]
    lines = list(show.table(rows, colored=False))
    assert max(map(len, lines)) == 100
    shown = "".join(lines)
    assert (shown.count("x"), shown.count("y"), shown.count("1")) == (180, 128, 41)


def test_no_clients_text_steers_the_terminal(capsys, monkeypatch, registry, scraped):
    seen = prometheus_client.Counter("seen_total", "Seen.", ["path"])
    seen.labels("\x1b[2J\u202e\x9b").inc()
    for raw in ([], ["--raw"]):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("NO_COLOR", "1")
        assert main(["show", "--url", scraped, *raw]) == 0
        shown = capsys.readouterr().out
        assert shown.replace("\n", "").isprintable()
        assert "\\x1b[2J\\u202e\\x9b" in shown


def test_a_reader_that_has_enough_is_no_error():
    with subprocess.Popen(
        [sys.executable, "-m", "tools", "simulate"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tool:
        tool.stdout.close()
        assert tool.stderr.read() == ""
    assert tool.returncode == 0


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000/metrics"),
        ("::", "http://[::1]:8000/metrics"),
        ("192.0.2.1", "http://192.0.2.1:8000/metrics"),
    ],
)
def test_an_address_for_everybody_is_asked_on_this_machine(patch_settings, host, address):
    patch_settings(ServiceSettings, host=host)
    assert show.address(load(ServiceSettings)) == address


def test_every_declared_metric_is_driven_once_for_each_label_set(capsys, metrics):
    assert main(["simulate"]) == 0
    printed = capsys.readouterr().out
    assert printed == prometheus_client.generate_latest(metrics.collectors).decode()
    shown = {family.name for family in text_string_to_metric_families(printed)}
    assert {name.removesuffix("_total") for name in names()} <= shown
    for entry, shown_as in zip(catalogue(), names(), strict=True):
        declared = entry.declaration()
        name = f"{shown_as}_count" if declared.kind == "histogram" else shown_as
        assert metrics.series(name) == len(list(simulate.label_sets(declared)))


def test_every_type_of_metric_can_be_driven(plant, metrics):
    plant(
        "orders",
        metrics="from ..platform.metrics import *\n\n\n"
        "class Orders(MetricGroup, component='orders'):\n"
        "    placed = Counter('orders_placed_total', 'Orders.')\n"
        "    open = Gauge('orders_open', 'Orders.', multiprocess='sum')\n"
        "    took = Histogram('orders_duration_seconds', 'Orders.', buckets=(1, 2, 3))\n"
        "    size = Summary('orders_size_bytes', 'Orders.')\n"
        "    build = Info('orders_build', 'Orders.')\n"
        "    mood = Enum('orders_mood', 'Orders.', states=('good', 'bad'))\n",
        component="from ..platform.core import Component\nfrom .metrics import Orders\n"
        "component = Component(name='orders', metrics=(Orders,))\n",
    )
    simulate.drive()
    assert metrics.samples("orders") == {
        "orders_placed_total": 1,
        "orders_open": 1,
        'orders_duration_seconds_bucket{le="1.0"}': 0,
        'orders_duration_seconds_bucket{le="2.0"}': 1,
        'orders_duration_seconds_bucket{le="3.0"}': 1,
        'orders_duration_seconds_bucket{le="+Inf"}': 1,
        "orders_duration_seconds_count": 1,
        "orders_duration_seconds_sum": 2,
        "orders_size_bytes_count": 1,
        "orders_size_bytes_sum": 1,
        'orders_build_info{simulated="true"}': 1,
        'orders_mood{orders_mood="good"}': 1,
        'orders_mood{orders_mood="bad"}': 0,
    }


def test_closed_labels_are_combined_up_to_a_bound_and_spread_over_all_values():
    few = Counter("a_total", "A.", {"x": closed("1", "2"), "y": closed("3", "4"), "z": limited(9)})
    assert list(simulate.label_sets(few)) == [
        ("1", "3", "example"),
        ("1", "4", "example"),
        ("2", "3", "example"),
        ("2", "4", "example"),
    ]
    many = Counter("b_total", "B.", {"x": closed(*"abcde"), "y": closed(*map(str, range(100)))})
    sets = list(simulate.label_sets(many))
    assert len(sets) == len(set(sets)) == 50
    assert {x for x, _ in sets} == set("abcde")


def test_the_simulation_is_served_for_a_while(capsys, silent_port, monkeypatch):
    answers = []
    drive = simulate.drive

    def ask():
        drive()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            answers.append(answer.read().decode())

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(simulate, "drive", ask)
    # How often the server looks whether it shall end, in seconds.
    monkeypatch.setattr(BaseServer.serve_forever, "__defaults__", (0.01,))
    assert main(["simulate", "--serve", str(port), "--seconds", "0.01"]) == 0
    assert capsys.readouterr().out == f"http://127.0.0.1:{port}/metrics for 0.01 seconds\n"
    assert len(answers) == 1
    assert 'metrics_errors_total{component="example"} 1.0\n' in answers[0]
