"""Checks that the service is scraped for the rules, that they are read, and that what fires is sent."""

import re
from collections.abc import Iterator
from itertools import chain

from .compose_file import lines
from .findings import Checks, Finding, line_of
from .rule_files import CONFIGURATION, LINE, PROMETHEUS, RULES, jobs, own_job, read, rules, scrapes
from .rules import ALERTMANAGER
from .runbooks import SEVERITIES

SCRAPED = {"metrics_path": "/metrics", "scheme": "http"}  # how the service answers
MATCHER = re.compile(r"\b(severity|alertname)\s*=~?\s*\"?([\w|]+)")
IN_THE_CONTAINER = "/etc/prometheus/"


def service_is_scraped() -> Iterator[Finding]:
    """Find a service that is scraped elsewhere than it answers, or as another job than is asked for."""
    own = [job for job in scrapes() if job["job_name"] == own_job()]
    if not own:
        line = next((job[LINE] for job in scrapes()), 1)
        yield Finding(CONFIGURATION, line, f"the rules ask for job_name {own_job()}, and none is")
    for job in own:
        for key, right in SCRAPED.items():
            if job.get(key, right) != right:
                line = line_of(CONFIGURATION, f"{key}:", job[LINE])
                yield Finding(CONFIGURATION, line, f"{key} must be {right}")


def rules_are_read() -> Iterator[Finding]:
    """Find rule files that Prometheus does not read, and a Prometheus that tells nobody."""
    configuration = read(CONFIGURATION)
    patterns = [one.removeprefix(IN_THE_CONTAINER) for one in configuration.get("rule_files") or ()]
    found = set(chain.from_iterable(map(PROMETHEUS.glob, patterns)))
    for path in sorted(set(RULES.glob("*.yaml")) - found):
        line = line_of(CONFIGURATION, "rule_files:")
        yield Finding(CONFIGURATION, line, f"no entry of rule_files reads {path}")
    if not (configuration.get("alerting") or {}).get("alertmanagers"):
        line = line_of(CONFIGURATION, "alerting:")
        yield Finding(CONFIGURATION, line, "alerting.alertmanagers must have one, or nobody hears")


def constants() -> Iterator[Finding]:
    """Find objectives and thresholds that no rule will meet, or that mean nothing."""
    for rule in rules():
        level, value = rule.name.partition(":")[0], rule.constant
        if rule.is_alert or value is None:
            continue
        known = {"job": jobs(), "service": [own_job()]}.get(level)
        if known and rule.labels.get(level) not in known:
            line = line_of(rule.path, f"{level}:", rule.line + 1)
            yield Finding(rule.path, line, f"{rule.name} must have the label {level}: {own_job()}")
        if rule.name.endswith(":objective") and not 0 < value < 1:
            line = line_of(rule.path, "expr:", rule.line)
            yield Finding(rule.path, line, f"{rule.name} must be between 0 and 1, like 0.999")


def matchers() -> Iterator[Finding]:
    """Find routes and inhibitions for severities and alerts that there are not."""
    known = {
        "severity": set(SEVERITIES),
        "alertname": {rule.name for rule in rules() if rule.is_alert},
    }
    for number, text in lines(ALERTMANAGER):
        for label, values in MATCHER.findall(text):
            for value in sorted(set(values.split("|")) - known[label]):
                right = f"no alert has the {label} {value}: {', '.join(sorted(known[label]))}"
                yield Finding(ALERTMANAGER, number, right)


CHECKS: Checks = {
    "Prometheus: scrape of the service": service_is_scraped,
    "Prometheus: rules are read": rules_are_read,
    "Prometheus: objectives and thresholds": constants,
    "Alertmanager: matchers": matchers,
}
