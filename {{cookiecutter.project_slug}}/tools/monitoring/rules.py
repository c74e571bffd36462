"""Checks Prometheus's configuration, its rules and their tests, and Alertmanager's."""

import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

from {{ cookiecutter.package_name }}.platform.core.config import load
from {{ cookiecutter.package_name }}.platform.metrics.bounds import Closed
from {{ cookiecutter.package_name }}.platform.metrics.declared import Declared
from {{ cookiecutter.package_name }}.platform.metrics.settings import MetricsSettings

from ..catalogue import catalogue
from .findings import Checks, Finding, line_of, program
from .names import closed_values, wrong_names
from .rule_files import CONFIGURATION, LINE, RULES, TESTS, own_job, rules, scrapes, tests

ALERTMANAGER = Path("monitoring/alertmanager/alertmanager.yaml")
PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}
LIMIT = "job:scrape_samples:limit"
OF_THE_PROCESS = 100  # series that prometheus_client brings of the process, at most
OF_THE_CODE = 50  # values of a label that the code bounds, for the size of a scrape
FIRING = re.compile(r'alertname="(\w+)".*severity="(\w+)"')


def promtool() -> Iterator[Finding]:
    """Let promtool read the configuration and the rules, and run the tests."""
    files = sorted(map(str, RULES.glob("*.yaml")))
    yield from _run(CONFIGURATION, "promtool", "check", "config", "--syntax-only")
    yield from _run(RULES, "promtool", "check", "rules", "--lint-fatal", *files)


def promtool_tests() -> Iterator[Finding]:
    """Let promtool run the tests of the rules, file by file."""
    for path in sorted(TESTS.glob("*.yaml")):
        yield from _run(path, "promtool", "test", "rules")


def amtool() -> Iterator[Finding]:
    """Let amtool read Alertmanager's configuration."""
    yield from _run(ALERTMANAGER, "amtool", "check-config")


def syntax_and_names() -> Iterator[Finding]:
    """Parse each expression as a Prometheus of today does, and look up what it names."""
    for rule in rules():
        try:
            wrong = wrong_names(rule.query)
        except ValueError as error:
            wrong = [f"{rule.name}: {error}"]
        yield from (Finding(rule.path, _line(rule.path, rule.line, one), one) for one in wrong)
        if rule.labels.get("le", "+Inf") not in _buckets():
            line = _line(rule.path, rule.line, "le:")
            yield Finding(rule.path, line, f"no histogram has the bucket {rule.labels['le']}")


def every_alert_is_tested() -> Iterator[Finding]:
    """Find the alerts without a test in which they fire, clear, or nearly fire."""
    fired, cleared, nearly = set(), set(), set()
    for _, test in tests():
        seen = [_alerts(one) for one in test.get("promql_expr_test", ()) if "ALERTS" in one["expr"]]
        for before, after in pairwise(seen):
            cleared |= before - after
        now = {alert for alerts in seen for alert in alerts}
        fired |= now
        if ", near miss" in test.get("name", "") and seen:
            name = test["name"].partition(",")[0]
            nearly |= {(name, severity) for severity in ("page", "ticket", "none")} - now
    for rule in rules():
        alert = (rule.name, rule.labels.get("severity", ""))
        if not rule.is_alert or (alert[1] == "none" and alert in fired):
            continue
        near = f'it does not fire, named "{rule.name}, near miss: …"'
        for what, names in (("it fires", fired), ("it clears", cleared), (near, nearly)):
            if alert not in names:
                where = TESTS / rule.path.name
                missing = f"{' '.join(alert)} has no test in {where} in which {what}"
                yield Finding(rule.path, rule.line, missing)


def size_of_a_scrape() -> Iterator[Finding]:
    """Compare `sample_limit` with what the declared metrics can come to, and with its constant."""
    most = OF_THE_PROCESS + sum(_samples(entry.declaration()) for entry in catalogue())
    for job in (one for one in scrapes() if one["job_name"] == own_job()):
        limit = job.get("sample_limit")
        line = line_of(CONFIGURATION, "sample_limit:", job[LINE])
        if limit is None:
            missing = f"{job['job_name']} needs a sample_limit: {most} or more"
            yield Finding(CONFIGURATION, job[LINE], missing)
            continue
        if not most <= limit <= 10 * most:
            right = f"let it be {most} (which the declared metrics can come to) to {10 * most}"
            yield Finding(CONFIGURATION, line, f"sample_limit is {limit}: {right}")
        for rule in rules():
            if rule.name == LIMIT and rule.constant != limit:
                right = f"{LIMIT} must be the sample_limit of {CONFIGURATION}:{line}, {limit}"
                yield Finding(rule.path, rule.line, right)


def _samples(metric: Declared[Any]) -> int:
    """How many samples a metric can come to: its label sets, times what each exports."""
    most = load(MetricsSettings).metrics_max_series
    labels = metric.label_values.values()
    sets = prod(len(one) if isinstance(one, Closed) else OF_THE_CODE for one in labels)
    of_a_set = {"counter": 2, "summary": 3, "histogram": 4 + len(metric.options.get("buckets", ()))}
    return min(sets, most) * of_a_set.get(metric.kind, 1)


def _alerts(test: dict[str, Any]) -> set[tuple[str, str]]:
    return {found for one in test["exp_samples"] for found in FIRING.findall(one["labels"])}


def _buckets() -> set[str]:
    return set().union(*(known for (_, label), known in closed_values().items() if label == "le"))


def _line(path: Path, begin: int, message: str) -> int:
    """The line of the rule in which the first word of a message stands; else where it begins."""
    return line_of(path, message.partition(" ")[0], begin)


def _run(path: Path, name: str, *arguments: str) -> Iterator[Finding]:
    files = () if str(path) in arguments or path.is_dir() else (str(path),)
    command = [program(name, PACKAGES[name]), *arguments, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        text = " ".join((done.stdout + done.stderr).split())
        line = re.search(r"(?:line |:)(\d+)\b", text)
        yield Finding(path, int(line[1]) if line else 1, text)


CHECKS: Checks = {
    "Prometheus: configuration and rules": promtool,
    "Prometheus: tests of the rules": promtool_tests,
    "Prometheus: names in the rules": syntax_and_names,
    "Prometheus: every alert is tested": every_alert_is_tested,
    "Prometheus: size of a scrape": size_of_a_scrape,
    "Alertmanager: configuration": amtool,
}
