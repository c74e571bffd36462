"""Checks Prometheus's configuration, its rules and their tests, and Alertmanager's."""

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from math import prod
from pathlib import Path
from typing import Any

from {{ cookiecutter.package_name }}.platform.core.config import load
from {{ cookiecutter.package_name }}.platform.metrics.declared import Declared
from {{ cookiecutter.package_name }}.platform.metrics.registry import MetricsSettings

from ..catalogue import catalogue
from .documents import line_of, lines, read
from .findings import Finding, Findings, run, wrong
from .names import buckets, wrong_names
from .rule_files import CONFIGURATION, RULES, TESTS, jobs, own_job, own_scrapes, rules, scrapes
from .runbooks import SEVERITIES

ALERTMANAGER = Path("monitoring/alertmanager/alertmanager.yaml")
IN_THE_CONTAINER = "/etc/prometheus/"
SCRAPED = {"metrics_path": "/metrics", "scheme": "http"}  # how the service answers
LIMIT = "job:scrape_samples:limit"
OF_THE_PROCESS = 100  # series that prometheus_client brings of the process, at most
OF_THE_CODE = 50  # values of a label that the code bounds, for the size of a scrape
FIRING = re.compile(r'alertname="(\w+)"[^}]*severity="(\w+)"')
MATCHER = re.compile(r"\b(severity|alertname)\s*(?:=~?|!=|!~)\s*\"?([\w|]+)")


def check_configuration_and_rules() -> Findings:
    """Let promtool read the configuration and the rules."""
    files = sorted(map(str, RULES.glob("*.yaml")))
    yield from _run(CONFIGURATION, "promtool check config --syntax-only")
    yield from _run(RULES, "promtool check rules --lint-fatal", *files)


def check_tests_of_the_rules() -> Findings:
    """Let promtool run the tests of the rules, file by file."""
    with ThreadPoolExecutor(2) as pool:
        files = sorted(TESTS.glob("*.yaml"))
        found = pool.map(lambda one: [*_run(one, "promtool test rules")], files)
        yield from chain.from_iterable(found)


def check_alertmanager_configuration() -> Findings:
    """Let amtool read it."""
    return _run(ALERTMANAGER, "amtool check-config")


def check_alertmanager_matchers() -> Findings:
    """Find routes and inhibitions for severities and alerts that there are not."""
    alerts = {rule.name for rule in rules() if rule.is_alert}
    known = {"severity": set(SEVERITIES), "alertname": alerts}
    for line in lines(ALERTMANAGER):
        for label, values in MATCHER.findall(line):
            for value in sorted(set(values.split("|")) - known[label]):
                right = ", ".join(sorted(known[label]))
                yield wrong(line, f"no alert has the {label} {value}: {right}")


def check_scrape_of_the_service() -> Findings:
    """Find a service that is scraped elsewhere than it answers, or as another job than is asked for."""
    if not own_scrapes():
        place = next(iter(scrapes()), read(CONFIGURATION))
        yield wrong(place, f"the rules ask for job_name {own_job()}, and none is")
    for job in own_scrapes():
        for key, right in SCRAPED.items():
            if job.get(key, right) != right:
                yield wrong(job.at(key), f"{key} must be {right}")


def check_size_of_a_scrape() -> Findings:
    """Compare `sample_limit` with what the declared metrics can come to, and with its constant."""
    most = OF_THE_PROCESS + sum(_samples(entry.declaration()) for entry in catalogue())
    for job in own_scrapes():
        limit, place = job.get("sample_limit"), job.at("sample_limit")
        if limit is None:
            yield wrong(place, f"{own_job()} needs a sample_limit: {most} or more")
            continue
        if not most <= limit <= 10 * most:
            right = f"let it be {most} (which the declared metrics can come to) to {10 * most}"
            yield wrong(place, f"sample_limit is {limit}: {right}")
        for rule in (one for one in rules() if one.name == LIMIT and one.constant != limit):
            right = f"{CONFIGURATION}:{place.line}, {limit}"
            yield wrong(rule.entry, f"{LIMIT} must be the sample_limit of {right}")


def _samples(metric: Declared[Any]) -> int:
    """How many samples a metric can come to: its label sets, times what each exports."""
    labels = metric.label_values.values()
    sets = prod(len(one) if isinstance(one, frozenset) else OF_THE_CODE for one in labels)
    of_a_set = {"counter": 2, "summary": 3, "histogram": 4 + len(metric.options.get("buckets", ()))}
    return min(sets, load(MetricsSettings).metrics_max_series) * of_a_set.get(metric.kind, 1)


def check_rules_are_read() -> Findings:
    """Find rule files that Prometheus does not read, and a Prometheus that tells nobody."""
    configuration = read(CONFIGURATION)
    patterns = [one.removeprefix(IN_THE_CONTAINER) for one in configuration.get("rule_files") or ()]
    found = set(chain.from_iterable(map(CONFIGURATION.parent.glob, patterns)))
    for path in sorted(set(RULES.glob("*.yaml")) - found):
        yield wrong(configuration.at("rule_files"), f"no entry of rule_files reads {path}")
    if not (configuration.get("alerting") or {}).get("alertmanagers"):
        right = "alerting.alertmanagers must have one, or nobody hears"
        yield wrong(configuration.at("alerting"), right)


def check_names_in_the_rules() -> Findings:
    """Parse each expression as a Prometheus of today does, and look up what it names."""
    for rule in rules():
        try:
            problems = wrong_names(rule.query)
        except ValueError as error:
            problems = [f"{rule.name}: {error}"]
        for one in problems:
            yield Finding(rule.path, line_of(rule.path, one.partition(" ")[0], rule.line), one)
        if (bucket := rule.labels.get("le", "+Inf")) not in buckets():
            yield wrong(rule.entry["labels"].at("le"), f"no histogram has the bucket {bucket}")


def check_objectives_and_thresholds() -> Findings:
    """Find objectives and thresholds that no rule will meet, or that mean nothing."""
    for rule in rules():
        level, value = rule.name.partition(":")[0], rule.constant
        if rule.is_alert or value is None:
            continue
        known = {"job": jobs(), "service": [own_job()]}.get(level)
        if known and rule.labels.get(level) not in known:
            place = rule.entry.get("labels", rule.entry).at(level)
            yield wrong(place, f"{rule.name} must have the label {level}: {own_job()}")
        if rule.name.endswith(":objective") and not 0 < value < 1:
            right = f"{rule.name} must be between 0 and 1, like 0.999"
            yield wrong(rule.entry.at("expr"), right)


def check_every_alert_is_tested() -> Findings:
    """Find the alerts without a test in which they fire, clear, or nearly fire."""
    fired, cleared, nearly = set(), set(), set()
    for test in chain.from_iterable(read(path)["tests"] for path in TESTS.glob("*.yaml")):
        asked = [one for one in test.get("promql_expr_test", ()) if "ALERTS" in one["expr"]]
        seen = [{*FIRING.findall(str(one["exp_samples"]))} for one in asked]
        for before, after in pairwise(seen):
            cleared |= before - after
        now = set().union(*seen)
        fired |= now
        if ", near miss" in test.get("name", "") and seen:
            name = test["name"].partition(",")[0]
            nearly |= {(name, severity) for severity in SEVERITIES} - now
    for rule in rules():
        alert = (rule.name, rule.labels.get("severity", ""))
        if not rule.is_alert or (alert[1] == "none" and alert in fired):
            continue
        near = f'it does not fire, named "{rule.name}, near miss: …"'
        for what, names in (("it fires", fired), ("it clears", cleared), (near, nearly)):
            if alert not in names:
                where = TESTS / rule.path.name
                yield wrong(rule.entry, f"{' '.join(alert)} has no test in {where} in which {what}")


def _run(path: Path, command: str, *files: str) -> Findings:
    done = run(command, *(files or [str(path)]))
    if done.returncode:
        text = " ".join((done.stdout + done.stderr).split())
        line = re.search(r"(?:line |:)(\d+)\b", text)
        yield Finding(path, int(line[1]) if line else 1, text)
