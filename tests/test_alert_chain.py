"""The whole chain, with real programs: an outage is caused, its alert fires, arrives at a webhook, and clears."""

import http.client
import json
import re
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from bakery import Answers, Project
from server import HOST, Server, free_port, serving, wait_for
from test_nginx import proxied
from test_rules import break_database, mend_database

TOKEN = "of-this-test-only"  # noqa: S105 - opens nothing else
# What is shortened in the copy of the project's configuration: how often Prometheus scrapes and evaluates, how long an
# alert must last before it fires, and how long Alertmanager waits for more of a group. The windows of the rates stay.
FASTER = {
    "prometheus/prometheus.yaml": {
        "scrape_interval: 15s": "scrape_interval: 1s",
        "scrape_timeout: 10s": "scrape_timeout: 1s",
        "evaluation_interval: 30s": "evaluation_interval: 1s",
    },
    "prometheus/rules/service.yaml": {"for: 2m": "for: 2s"},
    "alertmanager/alertmanager.yaml": {"group_wait: 30s": "group_wait: 1s", "group_interval: 5m": "group_interval: 1s"},
}
SECRETS = "/run/secrets"


@dataclass
class Webhook:
    """What the receivers of alerts got: the path and the message of each."""

    port: int
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def wait_for(self, title: str, seconds: float = 60) -> dict[str, Any]:
        """Wait for a message to those who are paged, whose title begins like that."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for path, message in self.got:
                [attachment] = message["attachments"]
                if path == "/page" and attachment["title"].startswith(title):
                    assert isinstance(attachment, dict)
                    return attachment
            time.sleep(0.05)
        raise AssertionError(f"{title} did not come: {self.got}")


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve what the alerts are sent to."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.got.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Receiver) as server:
        received = Webhook(server.server_port)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield received
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Monitoring:
    """Prometheus and Alertmanager with a faster copy of the project's configuration, in a folder."""

    folder: Path
    prometheus: int
    alertmanager: int

    def write(self, project: Project, service: int, receivers: Webhook) -> None:
        """Copy the configuration: addresses of this machine, secrets in the folder, and what is in FASTER."""
        shutil.copytree(project.path / "monitoring", self.folder, dirs_exist_ok=True)
        for name, faster in FASTER.items():
            text = (self.folder / name).read_text(encoding="utf-8")
            assert all(slow in text for slow in faster), name
            for slow, fast in faster.items():
                text = text.replace(slow, fast)
            for address, port in (("service:8000", service), ("alertmanager:9093", self.alertmanager)):
                text = text.replace(f'"{address}"', f'"{HOST}:{port}"')
            (self.folder / name).write_text(text.replace(SECRETS, str(self.folder)), encoding="utf-8")
        (self.folder / "operations_token").write_text(TOKEN, encoding="utf-8")
        for receiver in ("page", "ticket"):
            address = f"http://{HOST}:{receivers.port}/{receiver}"
            (self.folder / f"alerts_{receiver}_url").write_text(address, encoding="utf-8")

    def ask(self, path: str, **query: str) -> Any:
        """Ask Prometheus's API."""
        url = f"http://{HOST}:{self.prometheus}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=5) as response:
            return json.load(response)["data"]

    def value(self, query: str) -> float | None:
        """Return the value of a query with one result, None where there is none or nobody answers yet."""
        try:
            result = self.ask("query", query=query)["result"]
        except OSError:
            return None
        return float(result[0]["value"][1]) if len(result) == 1 else None

    def wait_for(self, query: str, expected: Callable[[float], bool], seconds: float = 30) -> float:
        """Wait until a query has a value that is as expected."""
        value = None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = self.value(query)
            if value is not None and expected(value):
                return value
            time.sleep(0.1)
        raise AssertionError(f"{query} is {value}")


@contextmanager
def watched(monitoring: Monitoring) -> Iterator[None]:
    """Run Prometheus and Alertmanager on what was written."""
    commands = [
        [
            "prometheus",
            "--config.file=prometheus/prometheus.yaml",
            "--storage.tsdb.path=data",
            f"--web.listen-address={HOST}:{monitoring.prometheus}",
        ],
        [
            "prometheus-alertmanager",
            "--config.file=alertmanager/alertmanager.yaml",
            "--storage.path=alerts",
            "--cluster.listen-address=",
            f"--web.listen-address={HOST}:{monitoring.alertmanager}",
        ],
    ]
    with ExitStack() as stack:
        for command in commands:
            log = stack.enter_context((monitoring.folder / f"{command[0]}.log").open("wb"))
            process = subprocess.Popen(command, cwd=monitoring.folder, stdout=log, stderr=subprocess.STDOUT)
            stack.callback(process.wait, 30)
            stack.callback(process.send_signal, signal.SIGTERM)
        yield


def unlimited(configuration: str) -> str:
    """Return nginx's configuration for one client that stands for many."""
    return configuration.replace("rate=100r/s", "rate=100000r/s")


def answers(front: int, number: int, status: int) -> None:
    """Send that many requests to nginx, on one connection."""
    connection = http.client.HTTPConnection(HOST, front, timeout=10)
    for _ in range(number):
        connection.request("GET", "/api/bookmarks")
        answer = connection.getresponse()
        assert answer.status == status, answer.read()
        answer.read()
    connection.close()


def test_an_outage_pages_somebody_and_its_end_is_told_too(
    workshop: Callable[[Answers], Project], tmp_path: Path, figures: list[str]
) -> None:
    project = workshop({})
    monitoring = Monitoring(tmp_path, free_port(), free_port())
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.db", "OPERATIONS_TOKEN": TOKEN}
    with webhook() as receivers, ExitStack() as stack:
        with serving(project, **settings) as service:
            front = stack.enter_context(proxied(project, service.port, edit=unlimited)).port
            monitoring.write(project, service.port, receivers)
            stack.enter_context(watched(monitoring))
            monitoring.wait_for("up{job='example-service'}", lambda up: up == 1)
            answers(front, 1, 200)
            # Right before the first 5xx, and the objective's bucket is one of the service's.
            monitoring.wait_for("job:http_requests:rate5m", lambda rate: rate >= 0)
            answers(front, 100, 200)
            for kind in ("errors", "slow_requests"):
                monitoring.wait_for(f"job:http_{kind}:burnrate5m", lambda rate: abs(rate) < 1e-9)

            began = time.monotonic()
            break_database(tmp_path)
            answers(front, 1, 500)
            monitoring.wait_for("sum(http_requests_total{status='500'})", lambda number: number == 1)
            answers(front, 12, 500)
            fired = receivers.wait_for("FIRING page: HttpErrorBudgetBurn (1)")
            errors = f"errors fired and arrived after {time.monotonic() - began:.1f} s"
            assert "runbooks.example.com/example-service/http.md#httperrorbudgetburn" in fired["title_link"]
            assert "example-service answers too many requests with 5xx\nThe error budget" in fired["text"]
            assert "Dashboard: http://localhost:3000/d/example-service-service" in fired["text"]

            began = time.monotonic()
            mend_database(tmp_path)
            answers(front, 2500, 200)  # 13 failed ones are less than 6 times 0.1 % of them
            receivers.wait_for("RESOLVED page: HttpErrorBudgetBurn (1)")
            errors += f", cleared after {time.monotonic() - began:.1f} s"
            rules = [rule for group in monitoring.ask("rules")["groups"] for rule in group["rules"]]
            assert [rule for rule in rules if rule["health"] != "ok"] == []
            began = time.monotonic()

        receivers.wait_for("FIRING page: ServiceDown (1)")
        down = f"the stop arrived after {time.monotonic() - began:.1f} s"
        began = time.monotonic()
        with serving(project, PORT=str(service.port), **settings):
            receivers.wait_for("RESOLVED page: ServiceDown (1)")
        down += f", cleared after {time.monotonic() - began:.1f} s"
    titles = {message["attachments"][0]["title"] for path, message in receivers.got if path == "/page"}
    assert {re.sub("^.* page: ", "", title) for title in titles} == {"HttpErrorBudgetBurn (1)", "ServiceDown (1)"}
    figures.append(f"alerts, intervals shortened to 1 s: {errors}; {down}")


def test_a_cause_is_told_beside_what_follows_from_it_which_is_kept_back(
    workshop: Callable[[Answers], Project], tmp_path: Path
) -> None:
    project = workshop({})
    monitoring = Monitoring(tmp_path, free_port(), free_port())
    firing = {"DatabaseUnreachable": "page", "DatabasePoolSaturated": "ticket", "HealthCheckFailing": "ticket"}
    alerts = [
        {"labels": {"alertname": name, "severity": severity, "job": "example-service"}}
        for name, severity in firing.items()
    ]
    with webhook() as receivers:
        monitoring.write(project, free_port(), receivers)
        with watched(monitoring):
            alertmanager = Server(monitoring.alertmanager)
            wait_for(lambda: alertmanager.ask("GET", "/-/ready").status == 200)
            assert alertmanager.ask("POST", "/api/v2/alerts", alerts).status == 200
            receivers.wait_for("FIRING page: DatabaseUnreachable (1)")
            wait_for(lambda: any(path == "/ticket" for path, _ in receivers.got))
            time.sleep(3)  # longer than group_wait and group_interval
    tickets = {message["attachments"][0]["title"] for path, message in receivers.got if path == "/ticket"}
    assert tickets == {"FIRING ticket: DatabasePoolSaturated (1)"}
