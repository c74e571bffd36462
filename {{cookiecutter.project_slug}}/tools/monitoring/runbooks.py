"""Checks that each alert says what it must, and has a page that tells what to do."""

import re
from collections.abc import Iterator
from pathlib import Path

from .findings import Checks, Finding, line_of
from .names import wrong_names
from .rule_files import Rule, rules

RUNBOOKS = Path("docs/runbooks")
HEADINGS = ("## Cause", "## Check", "## Cure")
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
                page = str(_page(alert)) if name == "runbook_url" else link.rpartition("/")[2]
                base = bases.setdefault(name, link.removesuffix(page))
                if link != base + page:
                    right = f"the {name} of {alert.name} must be {base}{page}, like the others'"
                    yield Finding(alert.path, alert.line, right)


def every_alert_has_a_page() -> Iterator[Finding]:
    """Find alerts without a page, pages without alert or heading, and names in their queries."""
    alerts = {RUNBOOKS / _page(alert): alert for alert in rules() if alert.is_alert}
    for path, alert in alerts.items():
        if not path.exists():
            yield Finding(alert.path, alert.line, f"{alert.name} has no runbook: write {path}")
    for path in sorted(RUNBOOKS.glob("*/*.md")):
        if path not in alerts:
            yield Finding(path, 1, f"is of no alert in the rules of {path.parent.name}: delete it")
        text = path.read_text(encoding="utf-8")
        for heading in HEADINGS:
            if not re.search(rf"^{heading}\n\n\S", text, re.MULTILINE):
                yield Finding(path, 1, f"needs the heading {heading!r} with a text")
        for query in QUERIES.findall(text):
            first = line_of(path, query.splitlines()[0])
            yield from (Finding(path, first, problem) for problem in wrong_names(query))


def _page(alert: Rule) -> Path:
    return Path(alert.path.stem) / f"{alert.name}.md"


CHECKS: Checks = {
    "Runbooks: what alerts say": alerts_say_enough,
    "Runbooks: one page per alert": every_alert_has_a_page,
}
