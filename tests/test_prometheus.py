"""A real Prometheus scrapes the generated service and knows how many requests were sent."""

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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

    def add_target(self, server: Server) -> None:
        """Scrape one more service from now on; its instance label is host and port."""
        path = self.folder / "targets.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        part = path.with_suffix(".part")
        part.write_text(json.dumps([*known, {"targets": [f"{HOST}:{server.port}"]}]), encoding="utf-8")
        part.replace(path)

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


@contextmanager
def running_prometheus(folder: Path, configuration: str) -> Iterator[Prometheus]:
    """Run a Prometheus with that configuration, and all that it writes in the folder."""
    binary = shutil.which("prometheus")
    assert binary, "prometheus is missing: install it, like apt-get install --no-install-recommends prometheus"
    (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
    running = Prometheus(folder)
    address = f"--web.listen-address={HOST}:{running.port}"
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [binary, "--config.file=prometheus.yml", "--storage.tsdb.path=data", address],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield running
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start one Prometheus for the session."""
    with running_prometheus(tmp_path_factory.mktemp("prometheus"), CONFIGURATION) as running:
        yield running


def test_promql_returns_the_number_of_requests_sent(
    workshop: Callable[[Answers], Project], distinct_variant: Answers, prometheus: Prometheus, tmp_path: Path
) -> None:
    project = workshop(distinct_variant)
    settings = {"WORKERS": "4"} if distinct_variant["workers"] == "several" else {}
    with serving(project, DATABASE_URL=f"sqlite:///{tmp_path}/service.db", **settings) as server:
        prometheus.add_target(server)
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(bookmark_round_trip, server) for _ in range(20)]:
                done.result()
        instance = f'instance="{HOST}:{server.port}"'
        prometheus.wait_for(f"up{{{instance}}}", 1)
        prometheus.wait_for(f"sum(http_requests_total{{{instance}}})", 100)
        server.send("GET", "/nowhere", "unmatched", 404)
        prometheus.wait_for(f'http_requests_total{{{instance},endpoint="unmatched"}}', 1)
        for (method, endpoint, status), number in server.sent.items():
            labels = f'{instance},method="{method}",endpoint="{endpoint}",status="{status}"'
            assert prometheus.query(f"http_requests_total{{{labels}}}") == [number], labels
        assert prometheus.query(f"sum(http_requests_total{{{instance}}})") == [101]
