"""Rules and alerts pass every check, name what a running service exports, and a slip is found with its place."""

import json
import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import Answers, Project
from prometheus_client.parser import text_string_to_metric_families
from server import Server, serving
from test_live_server import bookmark_round_trip

# Run by the project's Python: of each metric that a rule names, the labels that the rule asks of it.
NAMED = """
import json, sys
import promql_parser as promql
from tools.monitoring.rule_files import rules
recorded = {rule.name for rule in rules() if not rule.is_alert}
named = {}
def look(one, grouped=()):
    if isinstance(one, promql.AggregateExpr):
        grouped = one.modifier.labels if one.modifier else ()
        return look(one.expr, grouped)
    if isinstance(one, promql.MatrixSelector):
        one = one.vector_selector
    if isinstance(one, promql.VectorSelector):
        if one.name not in recorded:
            named.setdefault(one.name, set()).update(grouped, (each.name for each in one.matchers.matchers))
        return
    for part in ("expr", "lhs", "rhs"):
        if hasattr(one, part):
            look(getattr(one, part), grouped)
    for argument in getattr(one, "args", ()):
        look(argument, grouped)
for rule in rules():
    look(promql.parse(rule.query))
json.dump({name: sorted(labels) for name, labels in named.items()}, sys.stdout)
"""
OF_PROMETHEUS = {"up", "scrape_samples_scraped", "scrape_duration_seconds"}
# What a service that works has no series of: that the family is there must do.
ONLY_IF_WRONG = {"metrics_errors_total", "metrics_overflow_total"}

RULES = "monitoring/prometheus/rules"
PROMETHEUS = "monitoring/prometheus/prometheus.yaml"
ALERTMANAGER = "monitoring/alertmanager/alertmanager.yaml"
METRICS = "src/example_service/bookmarks/metrics.py"
# What a person does, in which file, by which check it is found, where and how.
SLIPS = {
    "a metric is renamed in the code": (
        METRICS, "bookmarks_operations_total", "bookmarks_actions_total", "names",
        rf"{RULES}/bookmarks.yaml:13: bookmarks_operations_total is exported by nothing: bookmarks_actions_total\?",
    ),
    "a metric is misspelt": (
        f"{RULES}/health.yaml", "(health_check_status", "(health_check_state", "names",
        rf"{RULES}/health.yaml:6: health_check_state is exported by nothing: health_check_status\?",
    ),
    "a label is misspelt": (
        f"{RULES}/metrics.yaml", "(job, metric)", "(job, metrics)", "names",
        rf"{RULES}/metrics.yaml:6: metrics is no label of what is selected: metric\?",
    ),
    "a value of a label is misspelt": (
        f"{RULES}/bookmarks.yaml", 'outcome="error"', 'outcome="errors"', "names",
        rf"{RULES}/bookmarks.yaml:13: errors is no outcome of bookmarks_operations_total: error\?",
    ),
    "a threshold is renamed": (
        f"{RULES}/objectives.yaml", "job:poll_failures:threshold", "job:polls:threshold", "names",
        rf"{RULES}/polling.yaml:9: job:poll_failures:threshold is exported by nothing",
    ),
    "the objective of latency is between two buckets": (
        f"{RULES}/objectives.yaml", 'le: "0.5"', 'le: "0.6"', "names",
        rf"{RULES}/objectives.yaml:\d+: no histogram has the bucket 0.6",
    ),
    "an expression does not parse": (
        f"{RULES}/service.yaml", "vector(1)", "vector(1", "configuration",
        rf"{RULES}(/service.yaml)?:\d+: .*service.yaml.*unclosed left parenthesis",
    ),
    "an alert has lost its near miss": (
        "monitoring/prometheus/tests/polling.yaml", "PollingFailing, near miss", "PollingFails, near miss", "tested",
        rf"{RULES}/polling.yaml:5: PollingFailing ticket has no test in .*/polling.yaml in which it does not fire",
    ),
    "an alert fires too early": (
        f"{RULES}/health.yaml", "for: 5m", "for: 2m", "tests of the rules",
        r"monitoring/prometheus/tests/health.yaml:\d+: .*HealthCheckFailing",
    ),
    "an alert has no severity": (
        f"{RULES}/health.yaml", "severity: ticket", "severity: warning", "runbooks",
        rf"{RULES}/health.yaml:5: HealthCheckFailing must have the label severity: page, ticket, none",
    ),
    "a link leads elsewhere": (
        f"{RULES}/polling.yaml", "/polling.md#pollingfailing", "/polling.md#polling", "runbooks",
        rf"{RULES}/polling.yaml:5: the runbook_url of PollingFailing must be https://.*/polling.md#pollingfailing",
    ),
    "a runbook has lost its cure": (
        "docs/runbooks/polling.md", "### Cure", "### What to do", "runbooks",
        "docs/runbooks/polling.md:3: PollingFailing needs the heading '### Cure'",
    ),
    "a query in a runbook names what is not there": (
        "docs/runbooks/polling.md", "by (callback)", "by (callbacks)", "runbooks",
        r"docs/runbooks/polling.md:14: callbacks is no label of what is selected: callback\?",
    ),
    "a scrape may have fewer samples than are declared": (
        "monitoring/prometheus/prometheus.yaml", "sample_limit: 40000", "sample_limit: 400", "scrape",
        r"monitoring/prometheus/prometheus.yaml:19: sample_limit is 400: let it be \d+",
    ),
    "the warning of a large scrape has another limit": (
        f"{RULES}/objectives.yaml", "expr: 40000", "expr: 30000", "scrape",
        rf"{RULES}/objectives.yaml:\d+: job:scrape_samples:limit must be the sample_limit of .*:19, 40000",
    ),
    "a receiver is misspelt": (
        "monitoring/alertmanager/alertmanager.yaml", "receiver: page", "receiver: pager", "alertmanager",
        'monitoring/alertmanager/alertmanager.yaml:1: .*undefined receiver "pager"',
    ),
    "the scrape has another job than the rules": (
        PROMETHEUS, 'job_name: "example-service"', 'job_name: "example-svc"', "scrape",
        rf"{PROMETHEUS}:16: the rules ask for job_name example-service, and none is",
    ),
    "the scrape asks for another path": (
        PROMETHEUS, "    authorization:", "    metrics_path: /metrix\n    authorization:", "scrape",
        rf"{PROMETHEUS}:20: metrics_path must be /metrics",
    ),
    "the scrape speaks TLS to a service that does not": (
        PROMETHEUS, "    authorization:", "    scheme: https\n    authorization:", "scrape",
        rf"{PROMETHEUS}:20: scheme must be http",
    ),
    "the scrape has no token": (
        PROMETHEUS, "    authorization:\n      credentials_file: /run/secrets/operations_token\n", "", "scrape",
        rf"{PROMETHEUS}:16: credentials_file must be /run/secrets/operations_token, as OPERATIONS_TOKEN_FILE",
    ),
    "the rules are in another folder": (
        PROMETHEUS, "rules/*.yaml", "rule/*.yaml", "rules are read",
        rf"{PROMETHEUS}:7: no entry of rule_files reads {RULES}/bookmarks.yaml",
    ),
    "one file of rules alone is read": (
        PROMETHEUS, "rules/*.yaml", "rules/http.yaml", "rules are read",
        rf"{PROMETHEUS}:7: no entry of rule_files reads {RULES}/bookmarks.yaml",
    ),
    "nobody hears of an alert": (
        PROMETHEUS, "alerting:\n  alertmanagers:", "alerting:\n  others:", "rules are read",
        rf"{PROMETHEUS}:10: alerting.alertmanagers must have one, or nobody hears",
    ),
    "a route is for no severity": (
        ALERTMANAGER, 'page\n      matchers: [severity="page"]', 'page\n      matchers: [severity="pages"]', "matchers",
        rf"{ALERTMANAGER}:11: no alert has the severity pages: none, page, ticket",
    ),
    "an inhibition spares no alert that there is": (
        ALERTMANAGER, '!="DatabasePoolSaturated"', '!="DatabasePoolSatiated"', "matchers",
        rf"{ALERTMANAGER}:24: no alert has the alertname DatabasePoolSatiated: ",
    ),
    "an inhibition is for no alert": (
        ALERTMANAGER, "ServiceDown|", "ServiceDwn|", "matchers",
        rf"{ALERTMANAGER}:23: no alert has the alertname ServiceDwn: ",
    ),
    "an objective is in percent": (
        f"{RULES}/objectives.yaml", "expr: 0.999", "expr: 99.9", "objectives",
        rf"{RULES}/objectives.yaml:9: job:http_availability:objective must be between 0 and 1, like 0.999",
    ),
    "a threshold is that of another job": (
        f"{RULES}/objectives.yaml", 'expr: 10\n        labels:\n          job: "example-service"',
        'expr: 10\n        labels:\n          job: "example-servce"', "objectives",
        rf"{RULES}/objectives.yaml:24: job:http_budget_requests:threshold must have the label job: example-service",
    ),
    "a threshold of jobs is that of another service": (
        f"{RULES}/objectives.yaml", 'service: "example-service"', 'service: "example"', "objectives",
        rf"{RULES}/objectives.yaml:\d+: service:job_run_seconds:threshold must have the label service: example-service",
    ),
    "a rule asks for another job": (
        f"{RULES}/http.yaml", 'sum by (job) (rate(http_request_duration_seconds_count{job="example-service"}[5m])',
        'sum by (job) (rate(http_request_duration_seconds_count{job="example-servce"}[5m])', "names",
        rf"{RULES}/http.yaml:\d+: example-servce is no job here: example-service\?",
    ),
}  # fmt: skip

NODE_JOB = """
  - job_name: node
    sample_limit: 5000
    metrics_path: /node/metrics
    authorization: {credentials_file: /etc/prometheus/prometheus.yaml}
    static_configs:
      - targets: ["node-exporter:9100"]
"""
NODE_RULES = """
groups:
  - name: node
    rules:
      - record: instance:node_cpu:rate5m
        expr: sum by (instance, mode) (rate(node_cpu_seconds_total{job="node", cpu!="0"}[5m]))
      - record: job:node_cpu:threshold
        expr: 0.9
        labels: {job: node}
"""


def test_everything_around_the_service_is_checked_and_nothing_is_skipped(
    workshop: Callable[[Answers], Project], distinct_variant: Answers
) -> None:
    printed = workshop(distinct_variant).run("make", "monitoring-check", more={"CI": "true"}).stdout
    assert len(re.findall("  ok$", printed, re.MULTILINE)) == len(printed.splitlines()) >= 8, printed


def test_every_metric_and_label_in_a_rule_is_exported_by_a_running_service(
    workshop: Callable[[Answers], Project], distinct_variant: Answers, tmp_path: Path
) -> None:
    project = workshop(distinct_variant)
    named = json.loads(project.run(".venv/bin/python", "-c", NAMED).stdout)
    assert len(named) > 15
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.db"}
    with serving(project, POLLING_INTERVAL_SECONDS="0.1", **database) as server:
        bookmark_round_trip(server)
        break_database(tmp_path)
        server.send("GET", "/api/bookmarks", "/api/bookmarks", 500)
        server.ask("GET", "/readyz")
        exported = exported_when(server, "metrics_poll_failures_total")
    if project.answers["jobs"] == "command":
        job = [".venv/bin/python", "-m", "example_service", "jobs", "run", "export-bookmarks", "--format", "json"]
        project.run(*job, more={"JOBS_METRICS": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/jobs.db"})
        [delivered] = tmp_path.glob("*.prom")
        exported |= samples_of(delivered.read_text(encoding="utf-8"))
    missing = {
        f"{name}{{{label}}}"
        for name in named.keys() - OF_PROMETHEUS
        for label in ["__name__", *named[name]]
        if label not in exported.get(name, set()) | {"job", "instance"}
    }
    assert {one.partition("{")[0] for one in missing} <= ONLY_IF_WRONG, missing
    assert {f"{name}{{__name__}}" for name in ONLY_IF_WRONG}.isdisjoint(missing)


def break_database(folder: Path) -> None:
    """Let every query for bookmarks fail from now on."""
    with sqlite3.connect(folder / "service.db", timeout=10) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%bookmark%'")
        for (name,) in tables.fetchall():
            connection.execute(f"ALTER TABLE {name} RENAME TO broken_{name}")
    connection.close()


def mend_database(folder: Path) -> None:
    """Undo it."""
    with sqlite3.connect(folder / "service.db", timeout=10) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'broken_%'")
        for (name,) in tables.fetchall():
            connection.execute(f"ALTER TABLE {name} RENAME TO {name.removeprefix('broken_')}")
    connection.close()


def exported_when(server: Server, series: str) -> dict[str, set[str]]:
    """Return the labels of each name in a scrape that has that series; a family without samples has none."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        text = server.ask("GET", "/metrics").body.decode()
        found = samples_of(text)
        if "callback" in found.get(series, ()):
            return found
        time.sleep(0.1)
    raise AssertionError(f"there is no {series}")


def samples_of(exposition: str) -> dict[str, set[str]]:
    """Return the labels of each name, `__name__` among them; of a family without samples that alone."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(exposition):
        found[f"{family.name}_total" if family.type == "counter" else family.name] = {"__name__"}
        for sample in family.samples:
            found.setdefault(sample.name, {"__name__"}).update(sample.labels)
    return found


@pytest.fixture(scope="module")
def checked(workshop: Callable[[Answers], Project]) -> Project:
    """Return the project in which slips are made, one at a time."""
    return workshop({"jobs": "command"})


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found_with_its_file_and_line(checked: Project, slip: str) -> None:
    name, right, wrong, check, message = SLIPS[slip]
    path = checked.path / name
    before = path.read_text(encoding="utf-8")
    assert right in before
    path.write_text(before.replace(right, wrong), encoding="utf-8")
    try:
        done = checked.run(".venv/bin/python", "-m", "tools.monitoring", check, check=False)
    finally:
        path.write_text(before, encoding="utf-8")
    assert done.returncode == 1, done.stdout
    assert re.search(rf"^  {message}", done.stdout, re.MULTILINE), done.stdout


def test_what_a_team_watches_besides_is_not_ours_to_check(checked: Project) -> None:
    configuration, rule_file = checked.path / PROMETHEUS, checked.path / RULES / "node.yaml"
    before = configuration.read_text(encoding="utf-8")
    begin, jobs, rest = before.partition("  # - job_name: jobs\n")
    assert jobs
    offered = (jobs + rest).replace("  # ", "  ")
    configuration.write_text(begin + offered + NODE_JOB, encoding="utf-8")
    rule_file.write_text(NODE_RULES, encoding="utf-8")
    try:
        words = ("names", "scrape", "wiring", "rules are read", "objectives", "configuration and rules")
        checked.run(".venv/bin/python", "-m", "tools.monitoring", *words)
    finally:
        configuration.write_text(before, encoding="utf-8")
        rule_file.unlink()


def test_a_word_that_no_check_has_in_its_name_is_refused_with_the_names(checked: Project) -> None:
    done = checked.run(".venv/bin/python", "-m", "tools.monitoring", "grafana", "promtheus", check=False)
    assert done.returncode == 2
    assert "no check has 'promtheus' in its name: there are Confined: containers, " in done.stdout


def test_a_check_that_cannot_read_a_file_is_a_finding_of_its_own(checked: Project) -> None:
    path = checked.path / "monitoring/grafana/dashboards/broken.json"
    path.write_text("{", encoding="utf-8")
    try:
        done = checked.run(".venv/bin/python", "-m", "tools.monitoring", "Grafana: l", "Grafana: data", check=False)
    finally:
        path.unlink()
    assert done.returncode == 1
    assert "\n  cannot read what is there: JSONDecodeError: " in done.stdout, done.stdout
    assert done.stdout.endswith("\nGrafana: data source          ok\n"), done.stdout


def test_a_runbook_without_an_alert_and_an_alert_without_a_runbook_are_found(checked: Project) -> None:
    page = checked.path / "docs/runbooks/database.md"
    before = page.read_text(encoding="utf-8")
    page.write_text(before.replace("\n## MigrationsPending\n", "\n## MigrationsWait\n"), encoding="utf-8")
    line = before[: before.index("\n## MigrationsPending")].count("\n") + 2
    try:
        done = checked.run(".venv/bin/python", "-m", "tools.monitoring", "runbooks", check=False)
    finally:
        page.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    missing = "MigrationsPending has no runbook: write the section '## MigrationsPending' in docs/runbooks/database.md"
    surplus = "MigrationsWait is no alert in the rules of database: delete it"
    found = [text for text in done.stdout.splitlines() if text.startswith("  ")]
    assert found == [f"  docs/runbooks/database.md:{line}: {surplus}", f"  {RULES}/database.yaml:17: {missing}"], found


def test_a_check_that_cannot_run_says_why_and_fails_in_ci(checked: Project, tmp_path: Path) -> None:
    python = str(checked.path / ".venv/bin/python")
    more = {"PATH": str(tmp_path)}
    command = [python, "-m", "tools.monitoring", "alertmanager configuration"]
    why = "skipped: amtool is missing: apt-get install --no-install-recommends prometheus-alertmanager"
    assert checked.run(*command, more={**more, "CI": ""}).stdout == f"Prometheus: alertmanager configuration  {why}\n"
    assert checked.run(*command, check=False, more={**more, "CI": "true"}).returncode == 1
    assert checked.run(*command, "--strict", check=False, more={**more, "CI": ""}).returncode == 1
