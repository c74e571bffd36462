"""Checks that each alert says what it must, and has a section that tells what to do."""

import re
from collections.abc import Iterator
from pathlib import Path

from .findings import Checks, Finding, line_of
from .names import wrong_names
from .rule_files import rules

RUNBOOKS = Path("docs/runbooks")
HEADINGS = ("### Cause", "### Check", "### Cure")
SEVERITIES = ("page", "ticket", "none")
LINKS = ("runbook_url", "dashboard")
ANNOTATIONS = ("summary", "description", *LINKS)
QUERIES = re.compile(r"^```promql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def alerts_say_enough() -> Iterator[Finding]:
    """Find alerts without severity or an annotation, or with a link unlike the others."""
    bases: dict[str, str] = {}
    for alert in filter(lambda rule: rule.is_alert, rules()):
        if alert.labels.get("severity") not in SEVERITIES:
            right = f"{alert.name} must have the label severity: {', '.join(SEVERITIES)}"
            yield Finding(alert.path, alert.line, right)
        for name in ANNOTATIONS:
            link = alert.annotations.get(name, "")
            if not link:
                yield Finding(alert.path, alert.line, f"{alert.name} needs the annotation {name}")
            elif name in LINKS:
                section = f"{alert.path.stem}.md#{alert.name.lower()}"  # as GitHub and GitLab link
                page = section if name == "runbook_url" else link.rpartition("/")[2]
                base = bases.setdefault(name, link.removesuffix(page))
                if link != base + page:
                    right = f"the {name} of {alert.name} must be {base}{page}, like the others'"
                    yield Finding(alert.path, alert.line, right)


def every_alert_has_a_section() -> Iterator[Finding]:
    """Find alerts without a section, sections without alert or heading, and names in their queries."""
    alerts = {(alert.path.stem, alert.name): alert for alert in rules() if alert.is_alert}
    sections = {(path.stem, name): (path, line, text) for path, line, name, text in _sections()}
    for component, name in alerts.keys() - sections.keys():
        alert, path = alerts[component, name], RUNBOOKS / f"{component}.md"
        right = f"{name} has no runbook: write the section '## {name}' in {path}"
        yield Finding(alert.path, alert.line, right)
    for (component, name), (path, line, text) in sections.items():
        if (component, name) not in alerts:
            yield Finding(path, line, f"{name} is no alert in the rules of {component}: delete it")
        for heading in HEADINGS:
            if not re.search(rf"^{heading}\n\n\S", text, re.MULTILINE):
                yield Finding(path, line, f"{name} needs the heading {heading!r} with a text")
        for query in QUERIES.findall(text):
            first = line_of(path, query.splitlines()[0], line)
            yield from (Finding(path, first, problem) for problem in wrong_names(query))


def _sections() -> Iterator[tuple[Path, int, str, str]]:
    """Each section of a page: the page, the line of its heading, the heading, the text."""
    for path in sorted(set(RUNBOOKS.glob("*.md")) - {RUNBOOKS / "index.md"}):
        before, *sections = re.split("^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        line = before.count("\n") + 1
        for section in sections:
            name, _, text = section.partition("\n")
            yield path, line, name, text
            line += section.count("\n")


CHECKS: Checks = {
    "Runbooks: what alerts say": alerts_say_enough,
    "Runbooks: one section per alert": every_alert_has_a_section,
}
