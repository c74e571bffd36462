"""Each panel shows what a real Prometheus scraped from a real service, and a mistake in one is found."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from bakery import Answers, Bakery, Project
from server import HOST, Server, serving
from test_live_server import bookmark_round_trip
from test_pgbouncer import postgresql
from test_prometheus import running_prometheus

GRAFANA = Path("monitoring/grafana")
LONGEST_UID = 40  # what Grafana takes
# The checks of this part alone; the others take seconds.
CHECK = """
from tools.monitoring.__main__ import checks
for name, check in checks().items():
    if name.startswith("Grafana: "):
        print(*(f"{one}\\n" for one in check()), sep="", end="")
"""
RENEW = (".venv/bin/python", "-m", "tools.dashboards")
CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{project}/monitoring/prometheus/rules/*.yaml"]
scrape_configs:
  - job_name: {slug}
    static_configs: [targets: [{services}]]
  - job_name: textfiles
    honor_labels: true
    static_configs: [targets: ["{host}:{files}"]]
"""
VARIANTS: list[Answers] = [
    {"framework": "fastapi", "database": "sqlite", "workers": "one", "jobs": "command"},
    {"framework": "flask", "database": "sqlite", "workers": "one", "jobs": "command"},
    {"framework": "django", "database": "sqlite", "workers": "several", "jobs": "command"},
    {"framework": "fastapi", "database": "postgresql", "workers": "one", "jobs": "command"},
]
# Run by the project's Python: rename the table of the bookmarks in the database of a URL, from a pattern to a name.
RENAME = """
import sys
from psycopg import connect, sql
url, pattern, name = sys.argv[1:]
with connect(url) as connection:
    asked = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE %s"
    [(table,)] = connection.execute(asked, [pattern]).fetchall()
    connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(sql.Identifier(table), sql.Identifier(name)))
print(table)
"""


def dashboards(project: Project) -> dict[str, dict[str, Any]]:
    """Return the dashboards of a project by name."""
    files = sorted((project.path / GRAFANA / "dashboards").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a dashboard, without its rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(project: Project) -> Iterator[tuple[str, str]]:
    """Yield each query of the dashboards with a name for people."""
    for name, dashboard in dashboards(project).items():
        for mark in dashboard["annotations"]["list"]:
            yield f"{name}: {mark['name']}", mark["expr"]
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}: {target['legendFormat']}", target["expr"]


def filled(expression: str, job: str) -> str:
    """Return a query as Grafana sends it."""
    for variable, value in (("$__rate_interval", "15s"), ("$instance", ".*"), ("$job", job)):
        expression = expression.replace(variable, value)
    assert "$" not in expression
    return expression


@contextmanager
def changed(project: Project, name: Path, before: str, after: str) -> Iterator[None]:
    """Change a text in a file of a project for the time of a block."""
    path = project.path / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    try:
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
        yield
    finally:
        path.write_text(text, encoding="utf-8")


def findings(project: Project) -> list[str]:
    """Return what `make monitoring-check` finds in the files of Grafana."""
    return project.run(".venv/bin/python", "-c", CHECK).stdout.splitlines()


@pytest.mark.parametrize("slug", ["orders", "a-slug-of-more-than-forty-characters-that-its-package-cannot"])
def test_grafana_can_read_the_dashboards(bakery: Bakery, slug: str) -> None:
    project = bakery.bake({"project_slug": slug, "project_name": 'The "Orders"', "jobs": "command"})
    uids = set()
    for name, dashboard in dashboards(project).items():
        assert dashboard["title"] == f'The "Orders": {name}'
        assert dashboard["uid"].endswith(f"-{name}")
        assert len(dashboard["uid"]) <= LONGEST_UID
        uids.add(dashboard["uid"])
        variables = [variable["name"] for variable in dashboard["templating"]["list"]]
        assert variables == ["datasource", "job", "instance"]
        assert dashboard["templating"]["list"][1]["current"]["value"] == slug
        shown = dashboard["panels"]
        assert [panel["id"] for panel in shown] == list(range(1, len(shown) + 1))
        for panel in panels(dashboard):
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["title"]
            assert panel["description"].endswith(".")
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        for one, other in combinations([panel["gridPos"] for panel in shown], 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (name, one, other)
    assert len(uids) == 4


def test_the_panels_are_right_in_every_variant(
    workshop: Callable[[Answers], Project], distinct_variant: Answers
) -> None:
    assert findings(workshop(distinct_variant)) == []


@pytest.fixture(scope="module")
def project(workshop: Callable[[Answers], Project]) -> Project:
    """Return the project in which mistakes are made, and undone."""
    return workshop({"jobs": "command"})


def line_of(project: Project, name: Path, text: str) -> int:
    """Return the number of the first line with a text."""
    lines = project.text(name).splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


HTTP = GRAFANA / "panels" / "http.yaml"
SOURCE = GRAFANA / "provisioning" / "datasources" / "prometheus.yaml"
INDEX = GRAFANA / "dashboards.yaml"
JOBS = GRAFANA / "panels" / "jobs.yaml"


@pytest.mark.parametrize(
    ("name", "before", "after", "message"),
    [
        (HTTP, "by (status)", "by (statuses)", "Requests by status: statuses is no label of what is selected: status?"),
        (HTTP, "sum(rate(http_requests", "sum(rate(http_request", "http_request_total is exported by nothing: http_"),
        (HTTP, "sum(rate(", "sum((rate(", "Requests per second: Prometheus does not take it: "),
        (HTTP, "$__rate_interval", "5m", "Requests per second: rate and increase look back over [$__rate_interval]"),
        (HTTP, "$instance", "$instances", "$instances"),
        (HTTP, "unit: reqps", "unit: rps", "unit must be one of "),
        (HTTP, "  row: Now", "  rows: Now", "got an unexpected keyword argument 'rows'"),
        (
            HTTP,
            "dashboard: service",
            "dashboard: services",
            "dashboard must be one of service, dependencies, runtime, jobs",
        ),
        (HTTP, "unit: reqps", "# unit: reqps", "missing 1 required keyword-only argument: 'unit'"),
        (INDEX, "(application_info,", "(applications_info,", "variable job: applications_info is exported by nothing"),
        (INDEX, "_seconds{job=", "_seconds{jobs=", "Starts: jobs is no label of process_start_time_seconds: job?"),
        (SOURCE, "timeInterval: 15s", "timeInterval: 1m", "timeInterval must be 15s, the scrape_interval of "),
        (SOURCE, "uid: prometheus", "uid: promethes", "uid must be prometheus, which the dashboards open: monitoring"),
        (JOBS, "kind: states", "kind: state", "kind must be one of lines, stacked, figure, states; got 'state'"),
    ],
    ids=[
        "label",
        "metric",
        "parenthesis",
        "interval",
        "variable",
        "unit",
        "key",
        "dashboard",
        "no unit",
        "metric of a variable",
        "label of a mark",
        "scrape interval",
        "data source",
        "kind",
    ],
)
def test_a_mistake_in_a_panel_is_found_with_its_line(
    project: Project, name: Path, before: str, after: str, message: str
) -> None:
    line = line_of(project, name, before)
    with changed(project, name, before, after):
        [found, *_] = [one for one in findings(project) if str(name) in one]
    place, _, problem = found.removeprefix(f"{name}:").partition(": ")
    assert message in problem
    # An entry's own mistake stands at its first line, that of a query at the query's.
    assert line - 8 <= int(place) <= line


def test_a_dashboard_that_somebody_changed_is_found_with_its_line(project: Project) -> None:
    name = GRAFANA / "dashboards" / "runtime.json"
    line = line_of(project, name, '"title": "Memory"')
    with changed(project, name, '"title": "Memory"', '"title": "Memories"'):
        assert findings(project) == [f"{name}:{line}: is not what the panels say: run `make dashboards`"]
    assert findings(project) == []


def test_a_component_goes_with_its_panels(project: Project) -> None:
    mine = GRAFANA / "panels" / "bookmarks.yaml"
    kept = project.contents()
    try:
        (project.path / mine).unlink()
        [stale] = findings(project)
        assert stale.endswith("is not what the panels say: run `make dashboards`")
        assert project.run(*RENEW).stdout == f"wrote {GRAFANA}/dashboards/service.json\n"
        assert findings(project) == []
        assert "bookmarks" not in "".join(json.dumps(one) for one in dashboards(project).values())
    finally:
        (project.path / mine).write_bytes(kept[mine.as_posix()])
        project.run(*RENEW)
    assert project.contents() == kept


def test_a_dashboard_without_panels_goes(project: Project) -> None:
    kept = project.contents()
    try:
        (project.path / JOBS).unlink()
        stale = f"{GRAFANA}/dashboards/jobs.json:1: no panel is on it: delete it, or run `make dashboards`"
        assert [one for one in findings(project) if one.startswith(str(GRAFANA))] == [stale]
        assert project.run(*RENEW).stdout == f"removed {GRAFANA}/dashboards/jobs.json\n"
    finally:
        (project.path / JOBS).write_bytes(kept[JOBS.as_posix()])
        project.run(*RENEW)
    assert project.contents() == kept


def test_a_dashboard_that_a_team_put_there_is_left_alone(project: Project) -> None:
    mine = project.path / GRAFANA / "dashboards" / "team.json"
    mine.write_text('{"uid": "example-service-team"}', encoding="utf-8")
    try:
        link = ("/d/example-service-runtime", "/d/example-service-team")
        with changed(project, Path("monitoring/prometheus/rules/polling.yaml"), *link):
            assert findings(project) == []
        assert project.run(*RENEW).stdout == f"{GRAFANA}/dashboards is up to date\n"
    finally:
        mine.unlink()


def test_another_data_source_of_a_team_is_left_alone(project: Project) -> None:
    loki = "datasources:\n  - {name: Logs, uid: loki, type: loki, url: http://loki:3100}\n"
    with changed(project, SOURCE, "datasources:\n", loki):
        assert findings(project) == []


@contextmanager
def textfiles(folder: Path) -> Iterator[int]:
    """Serve the files of a folder as a node exporter does; yield the port."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(b"".join(path.read_bytes() for path in sorted(folder.glob("*.prom"))))

        def log_message(self, *arguments: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer((HOST, 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def configuration(project: Project, servers: list[Server], files: int) -> str:
    """Return the configuration of a Prometheus with the project's own rules, for services and the files of jobs."""
    slug, services = project.answers["project_slug"], ", ".join(f'"{HOST}:{server.port}"' for server in servers)
    return CONFIGURATION.format(project=project.path, slug=slug, services=services, host=HOST, files=files)


@contextmanager
def database_of(project: Project, folder: Path) -> Iterator[str]:
    """Make the database that the project is for, with its schema, and yield the URL."""
    if project.answers["database"] == "sqlite":
        yield f"sqlite:///{folder}/service.db"
    else:
        with postgresql(project) as url:
            command = (".venv/bin/python", "-m", project.answers["package_name"], "db", "upgrade")
            project.run(*command, more={"DATABASE_URL": url})
            yield url


@contextmanager
def without_bookmarks(project: Project, url: str) -> Iterator[None]:
    """Hide the table of the bookmarks, so that requests for them fail."""
    if project.answers["database"] == "postgresql":
        rename = (".venv/bin/python", "-c", RENAME, url)
        table = project.run(*rename, "bookmark%", "hidden").stdout.strip()
        yield
        project.run(*rename, "hidden", table)
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        [(table,)] = connection.execute("SELECT name FROM sqlite_master WHERE type='table' AND name LIKE 'bookmark%'")
        connection.execute(f"ALTER TABLE {table} RENAME TO hidden")
        yield
        connection.execute(f"ALTER TABLE hidden RENAME TO {table}")


@pytest.mark.parametrize("answers", VARIANTS, ids=lambda answers: "-".join(answers.values()))
def test_every_query_of_every_panel_has_data(
    workshop: Callable[[Answers], Project], answers: Answers, tmp_path: Path, figures: list[str]
) -> None:
    project = workshop(answers)
    job, package = project.answers["project_slug"], project.answers["package_name"]
    workers = {"WORKERS": "2"} if answers["workers"] == "several" else {}
    with (
        database_of(project, tmp_path) as url,
        serving(
            project, POLLING_INTERVAL_SECONDS="1", DATABASE_URL=url, JOBS_METRICS=str(tmp_path), **workers
        ) as server,
        textfiles(tmp_path) as files,
        running_prometheus(tmp_path, configuration(project, [server], files)) as prometheus,
    ):
        job_run = (".venv/bin/python", "-m", package, "jobs", "run", "export-bookmarks", "--format", "json")
        project.run(*job_run, more={"DATABASE_URL": url, "JOBS_METRICS": str(tmp_path)})
        prometheus.wait_for(f'up{{job="{job}"}}', 1)
        empty = dict(expressions(project))
        total = len(empty)
        deadline = time.monotonic() + 60
        while empty and time.monotonic() < deadline:
            with ThreadPoolExecutor(4) as pool:  # more than one connection
                for done in [pool.submit(bookmark_round_trip, server) for _ in range(8)]:
                    done.result()
            with without_bookmarks(project, url):
                server.send("GET", "/api/bookmarks", "/api/bookmarks", 500)
            assert server.ask("GET", "/readyz").status == 200
            time.sleep(0.5)
            for name, expression in list(empty.items()):
                if any(value == value for value in prometheus.query(filled(expression, job))):  # noqa: PLR0124 - not NaN
                    del empty[name]
    assert empty == {}
    assert total > 60
    figures.append(f"{'-'.join(answers.values())}: {total} queries of the dashboards have data")
