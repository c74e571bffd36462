"""Checks that each alert says what it must, and has a section that tells what to do."""

import re
from collections.abc import Iterator
from pathlib import Path

from .documents import Text, line_of
from .findings import Finding, Findings, wrong
from .names import wrong_names
from .rule_files import rules

RUNBOOKS = Path("docs/runbooks")
HEADINGS = ("### Cause", "### Check", "### Cure")
SEVERITIES = ("page", "ticket", "none")
LINKS = ("runbook_url", "dashboard")
ANNOTATIONS = ("summary", "description", *LINKS)
QUERIES = re.compile(r"^```promql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def check_what_alerts_say() -> Findings:
    """Find alerts without severity or an annotation, or with a link unlike the others."""
    bases: dict[str, str] = {}
    for alert in (rule for rule in rules() if rule.is_alert):
        if alert.labels.get("severity") not in SEVERITIES:
            right = ", ".join(SEVERITIES)
            yield wrong(alert.entry, f"{alert.name} must have the label severity: {right}")
        for name in ANNOTATIONS:
            link = alert.annotations.get(name, "")
            if not link:
                yield wrong(alert.entry, f"{alert.name} needs the annotation {name}")
            elif name in LINKS:
                section = f"{alert.path.stem}.md#{alert.name.lower()}"  # as GitHub and GitLab link
                page = section if name == "runbook_url" else link.rpartition("/")[2]
                base = bases.setdefault(name, link.removesuffix(page))
                if link != base + page:
                    right = f"must be {base}{page}, like the others'"
                    yield wrong(alert.entry, f"the {name} of {alert.name} {right}")


def check_one_section_per_alert() -> Findings:
    """Find alerts without a section, sections without alert or heading, and names in their queries."""
    alerts = {(alert.path.stem, alert.name): alert for alert in rules() if alert.is_alert}
    sections = {(text.path.stem, name): text for name, text in _sections()}
    for component, name in alerts.keys() - sections.keys():
        right = f"write the section '## {name}' in {RUNBOOKS / component}.md"
        yield wrong(alerts[component, name].entry, f"{name} has no runbook: {right}")
    for (component, name), text in sections.items():
        if (component, name) not in alerts:
            yield wrong(text, f"{name} is no alert in the rules of {component}: delete it")
        for heading in HEADINGS:
            if not re.search(rf"^{heading}\n\n\S", text, re.MULTILINE):
                yield wrong(text, f"{name} needs the heading {heading!r} with a text")
        for query in QUERIES.findall(text):
            first = line_of(text.path, query.splitlines()[0], text.line)
            yield from (Finding(text.path, first, problem) for problem in wrong_names(query))


def _sections() -> Iterator[tuple[str, Text]]:
    """The heading of each section of a page, and its text."""
    for path in sorted(set(RUNBOOKS.glob("*.md")) - {RUNBOOKS / "index.md"}):
        before, *sections = re.split("^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        line = before.count("\n") + 1
        for section in sections:
            yield section.partition("\n")[0], Text(section, path, line)
            line += section.count("\n")
