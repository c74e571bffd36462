"""Checks that what the template brought stays closed: confined, pinned, open to nobody outside.

A line that says otherwise with `# on purpose`, and why, is left alone, and so is any other service.
"""

import re
from collections.abc import Iterator

from .compose_file import DOCKERFILE, NGINX, Container, containers
from .documents import Entry, Text, content, lines
from .findings import Findings, wrong

BROUGHT = ("service", "migrate", "database", "nginx", "prometheus", "alertmanager", "grafana")
CONFINED = {"read_only": "true", "cap_drop": "ALL", "security_opt": "no-new-privileges"}
EVERYWHERE = ("", "0.0.0.0", "::", "[::]")  # noqa: S104 - looked for
PINNED = "must be pinned: add @sha256:…"


def check_containers() -> Findings:
    """Find one that may write its file system, gain rights, be asked by all, or be another tomorrow."""
    for container in (one for one in containers().values() if one.name in BROUGHT):
        for place, problem in _open(container):
            if "# on purpose" not in content(place.path)[place.line - 1]:
                yield wrong(place, f"{container.name}: {problem}")


def _open(container: Container) -> Iterator[tuple[Text | Entry, str]]:
    for key, right in CONFINED.items():
        if right not in str(container.entry.get(key)):
            yield container.entry.at(key), f"{key} must have {right}"
    for port in container.published:
        if port.address in EVERYWHERE and NGINX not in container.sources:
            right = "write 127.0.0.1: before it, or `# on purpose` beside it and why"
            yield port.text, f"{port.text} is open to every address: {right}"
    if not container.is_ours and "@sha256:" not in container.image:
        yield container.image, f"{container.image} {PINNED}"


def check_bases_of_the_image() -> Findings:
    """Find one that may be another tomorrow."""
    stages = {"scratch", *re.findall(r"(?i) AS (\S+)", "\n".join(lines(DOCKERFILE)))}
    for line in lines(DOCKERFILE):
        for base in re.findall(r"^FROM (?:--\S+ )*(\S+)", line):
            if base not in stages and "@sha256:" not in base:
                yield wrong(line, f"{base} {PINNED}")
