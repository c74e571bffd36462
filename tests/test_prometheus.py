"""A real Prometheus scrapes the generated service and knows how many requests were sent."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bakery import Answers, Project
from server import HOST, Server, free_port, serving
from test_live_server import bookmark_round_trip

CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: services
    file_sd_configs:
      - files: [targets.json]
"""


class Prometheus:
    """A running Prometheus."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    def add_target(self, server: Server) -> str:
        """Scrape one more service from now on, and return its instance label."""
        path = self.folder / "targets.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        instance = f"{HOST}:{server.port}"
        part = path.with_suffix(".part")
        part.write_text(json.dumps([*known, {"targets": [instance]}]), encoding="utf-8")
        part.replace(path)
        return instance

    def query(self, expression: str) -> list[float]:
        """Return the values of an instant query."""
        url = f"http://{HOST}:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(url, timeout=5) as response:
            answer = json.load(response)
        assert answer["status"] == "success"
        return [float(sample["value"][1]) for sample in answer["data"]["result"]]

    def wait_for(self, expression: str, expected: float) -> None:
        """Ask until the one value is the expected one; Prometheus looks for new targets every five seconds."""
        values: list[float] = []
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                values = self.query(expression)
            except OSError:
                values = []
            if values == [expected]:
                return
            time.sleep(0.2)
        raise AssertionError(f"{expression} is {values}, not {expected}")


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start one Prometheus for the session."""
    binary = shutil.which("prometheus")
    if binary is None:
        advice = "prometheus is missing: install it, like apt-get install --no-install-recommends prometheus"
        if os.environ.get("CI") == "true":
            pytest.fail(advice)
        pytest.skip(advice)
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text(CONFIGURATION, encoding="utf-8")
    running = Prometheus(folder)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                binary,
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                f"--web.listen-address={HOST}:{running.port}",
            ],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def test_promql_returns_the_number_of_requests_sent(
    workshop: Callable[[Answers], Project], distinct_variant: Answers, prometheus: Prometheus
) -> None:
    with serving(workshop(distinct_variant)) as server:
        instance = prometheus.add_target(server)
        for _ in range(7):
            bookmark_round_trip(server)
        prometheus.wait_for(f'up{{instance="{instance}"}}', 1)
        prometheus.wait_for(f'sum(http_requests_total{{instance="{instance}"}})', 35)
        server.send("GET", "/nowhere", "unmatched", 404)
        prometheus.wait_for(f'http_requests_total{{instance="{instance}",endpoint="unmatched"}}', 1)
        assert prometheus.query(f'sum(http_requests_total{{instance="{instance}"}})') == [36]
