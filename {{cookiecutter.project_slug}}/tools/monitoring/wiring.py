"""Checks that ports, hosts, mounts, secrets and settings agree in all the files that name them."""

import re
from collections.abc import Iterator
from pathlib import Path

from {{ cookiecutter.package_name }}.platform.core import ServiceSettings
from {{ cookiecutter.package_name }}.platform.core.components import discover, settings_of
from {{ cookiecutter.package_name }}.platform.core.config import misspelt

from .compose_file import (
    COMPOSE,
    DOCKERFILE,
    NGINX,
    SECRETS,
    Container,
    containers,
    image_variables,
    lines,
    nginx_text,
    section,
)
from .findings import Checks, Finding
from .rule_files import CONFIGURATION, LINE, own_job, scrapes

ADDRESS = re.compile(r"(?<![\w./-])([a-z][\w-]*):(\d{2,5})\b|//([\w-]+):(\d{2,5})\b")
HERE = re.compile(r"(?:127\.0\.0\.1|localhost)[ :](\d{2,5})\b")
NAMED = re.compile(r"[\w-][\w.-]*:.*")  # a volume by its name
PATH = re.compile(r"(?:^|[=\s\"'])(/[\w./*-]+)")
DURATION = re.compile(r"(\d+)(s|m|h)?")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
# What the settings are in production, where nothing is set.
USUAL = ServiceSettings.model_construct(environment="production")
MARGIN_SECONDS = 6  # docs/operations.md, End


def ports_and_hosts() -> Iterator[Finding]:
    """Find ports that nobody listens on, and hosts that are none."""
    known = containers()
    published = [one.split(":")[-2] for each in known.values() for one in each.published]
    foreign = str([job for job in scrapes() if job["job_name"] != own_job()])
    for container in known.values():
        words = [(word, port) for word in container.published for port in [word.split(":")[-1]]]
        words += [(word, port) for word in container.healthcheck for port in HERE.findall(word)]
        for word, port in words:
            yield from _wrong_port(container, port, COMPOSE, word.line)
        for path, line, text in container.lines():
            for host, port in (filter(None, found) for found in ADDRESS.findall(text)):
                if host in known:
                    yield from _wrong_port(known[host], port, path, line)
                elif path == CONFIGURATION and f"{host}:{port}" in foreign:
                    continue
                elif host != "localhost":
                    right = ", ".join(known)
                    yield Finding(path, line, f"{host} is no service of {COMPOSE}: {right}")
                elif port not in published:
                    right = ", ".join(published)
                    yield Finding(path, line, f"{COMPOSE} publishes no port {port}: {right}")


def _wrong_port(container: Container, port: str, path: Path, line: int) -> Iterator[Finding]:
    if container.ports and port not in container.ports:
        right = " and ".join(container.ports)
        yield Finding(path, line, f"{container.name} listens on {right}, not on {port}")


def port_of_the_image() -> Iterator[Finding]:
    """Find a port of the image that is not that of the settings, or not the one that it shows."""
    port, line = image_variables().get("PORT", ("", 1))
    usual = str(USUAL.port)
    if port != usual:
        yield Finding(
            DOCKERFILE, line, f"PORT must be {usual}, as the settings and the pages have it"
        )
    for number, text in lines(DOCKERFILE):
        if text.startswith("EXPOSE ") and text.split()[1] != port:
            yield Finding(DOCKERFILE, number, f"the service listens on {port}")


def mounts() -> Iterator[Finding]:
    """Find paths that are in no container, and mounts of what is not here."""
    volumes = section("volumes")
    for container in containers().values():
        for volume in container.volumes:
            source = volume.split(":")[0]
            if source.startswith(".") and not Path(source).exists():
                yield Finding(COMPOSE, volume.line, f"{source} does not exist")
            elif NAMED.fullmatch(volume) and source not in volumes:
                yield Finding(COMPOSE, volume.line, f"{source} is not among the volumes below")
        for path, line, text in container.lines():
            for target in PATH.findall(text):
                if target.startswith(SECRETS) or not (
                    text in container.command or "/etc/" in target
                ):
                    continue
                own = container.inside(target)
                if own is None:
                    yield Finding(path, line, f"nothing is mounted at {target} in {container.name}")
                elif own and not _exists(Path(own)):
                    yield Finding(path, line, f"{target} is {own} here, which does not exist")


def secrets() -> Iterator[Finding]:
    """Find secrets that are read but not given, given but not read, or that git would take."""
    declared = section("secrets")
    ignored = Path(".gitignore").read_text(encoding="utf-8").split()
    for name, entry in declared.items():
        folder = f"{Path(entry.get('file', '')).parent}/"
        if folder not in ignored:
            right = f"{folder} must be in .gitignore: git would take the secret {name}"
            yield Finding(COMPOSE, name.line, right)
    for container in containers().values():
        read = set()
        for path, line, text in container.lines():
            for secret in re.findall(rf"{SECRETS}([\w-]+)", text):
                read.add(secret)
                if secret not in container.secrets:
                    right = f"{container.name} must be given the secret {secret} in {COMPOSE}"
                    yield Finding(path, line, right)
        for target, given in container.secrets.items():
            if given not in declared:
                yield Finding(COMPOSE, given.line, f"{given} is not among the secrets below")
            elif target not in read:
                wrong = f"{container.name} is given the secret {given} and reads it nowhere"
                yield Finding(COMPOSE, given.line, wrong)


def token_of_the_scrape() -> Iterator[Finding]:
    """Find a Prometheus that scrapes with another token than the service asks for."""
    known = containers().values()
    asked = {one.environment.get("OPERATIONS_TOKEN_FILE", "") for one in known if one.is_ours}
    for job in (one for one in scrapes() if one["job_name"] == own_job()):
        given = job.get("authorization", {LINE: job[LINE]})
        if given.get("credentials_file", "") not in asked:
            right = (
                f"credentials_file must be {' or '.join(sorted(asked))}, as OPERATIONS_TOKEN_FILE"
            )
            yield Finding(CONFIGURATION, given[LINE], right)


def variables() -> Iterator[Finding]:
    """Find variables that no setting reads, but that are nearly the name of one."""
    classes = [one for several in settings_of(discover()).values() for one in several]
    for container in (one for one in containers().values() if one.is_ours):
        given = container.environment
        for name, near in misspelt(given.keys(), classes, *image_variables()).items():
            yield Finding(COMPOSE, given[name].line, f"{name} is no setting: {near}?")


def times() -> Iterator[Finding]:
    """Find times of containers and nginx that do not fit those of the service."""
    for service in (one for one in containers().values() if one.is_ours and one.published):
        yield from _wrong_times(service)


def _wrong_times(service: Container) -> Iterator[Finding]:
    drain, timeout, keep = (
        float(service.environment.get(name) or usual)
        for name, usual in (
            ("SHUTDOWN_DRAIN_SECONDS", USUAL.drain_seconds),
            ("SHUTDOWN_TIMEOUT_SECONDS", USUAL.shutdown_timeout_seconds),
            ("KEEP_ALIVE_SECONDS", USUAL.keep_alive_seconds),
        )
    )
    least = drain + timeout + MARGIN_SECONDS
    grace = service.grace
    if grace is None or _seconds(grace) < least:
        line = grace.line if grace else service.name.line
        yield Finding(
            COMPOSE, line, f"stop_grace_period must be at least {least:g}s: docs/operations.md"
        )
    upstream = re.search(r"upstream .*?\}", nginx_text(), re.DOTALL)
    for number, text in lines(NGINX):
        for kept in re.findall(r"keepalive_timeout (\w+)", text):
            if upstream and text in upstream[0] and _seconds(kept) >= keep:
                right = f"must be shorter than KEEP_ALIVE_SECONDS of the service, {keep:g}s"
                yield Finding(NGINX, number, right)


def _seconds(duration: str) -> int:
    """How many `40s` or `1m30s` are."""
    return sum(int(number) * SECONDS[unit] for number, unit in DURATION.findall(duration))


def _exists(path: Path) -> bool:
    return path.exists() or any(path.parent.glob(path.name))


CHECKS: Checks = {
    "Wiring: ports and hosts": ports_and_hosts,
    "Wiring: port of the image": port_of_the_image,
    "Wiring: mounts": mounts,
    "Wiring: secrets": secrets,
    "Wiring: token of the scrape": token_of_the_scrape,
    "Wiring: variables": variables,
    "Wiring: times": times,
}
