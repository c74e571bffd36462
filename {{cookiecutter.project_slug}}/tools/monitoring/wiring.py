"""Checks that ports, hosts, mounts, secrets and settings agree in all the files that name them."""

import os
import re
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

from {{ cookiecutter.package_name }}.platform.core import SettingsError, config
from {{ cookiecutter.package_name }}.platform.core.components import discover, settings_of

from .compose_file import (
    COMPOSE,
    DOCKERFILE,
    NGINX,
    SECRETS,
    Container,
    containers,
    image_variables,
    nginx_lines,
    ours,
    section,
)
from .documents import Entry, Text, content, lines
from .findings import Findings, wrong
from .rule_files import CONFIGURATION, own_job, own_scrapes, scrapes

ADDRESS = re.compile(r"(?<![\w./-])([a-z][\w-]*):(\d{2,5})\b|//([\w-]+):(\d{2,5})\b")
HERE = re.compile(r"(?:127\.0\.0\.1|localhost)[ :](\d{2,5})\b")
NAMED = re.compile(r"[\w-][\w.-]*:.*")  # a volume by its name
PATH = re.compile(r"(?:^|[=\s\"'])(/[\w./*-]+)")
DURATION = re.compile(r"(\d+)(s|m|h)?")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
# What the settings are in production, where nothing is set.
USUAL = config.ServiceSettings.model_construct(environment="production")
TIMES = {
    "SHUTDOWN_DRAIN_SECONDS": USUAL.drain_seconds,
    "SHUTDOWN_TIMEOUT_SECONDS": USUAL.shutdown_timeout_seconds,
    "KEEP_ALIVE_SECONDS": USUAL.keep_alive_seconds,
}
PROBE = "HEALTHCHECK_PATH"  # of the image
PROBES = ("/livez", "/readyz")
COMPLETED = "service_completed_successfully"
MARGIN_SECONDS = 6  # docs/operations.md, End


def check_ports() -> Findings:
    """Find ports that are none, or that nobody listens on."""
    port, usual = image_variables().get("PORT", Text("", DOCKERFILE, 1)), str(USUAL.port)
    if port != usual:
        yield wrong(port, f"PORT must be {usual}, as the settings and the pages have it")
    for line in lines(DOCKERFILE):
        if line.startswith("EXPOSE ") and line.split()[1] != port:
            yield wrong(line, f"the service listens on {port}")
    for container in containers().values():
        for one in container.published:
            yield from _wrong_port(container, one.target, one.text)
            if not one.target:
                yield wrong(one.text, f"{one.text} is no port: write it like 127.0.0.1:8000:8000")
        for word in container.healthcheck:
            yield from _wrong_port(container, HERE.findall(word), word)


def check_hosts() -> Findings:
    """Find hosts that are none, and ports of others that nobody listens on."""
    known = containers()
    published = [
        port for one in known.values() for each in one.published for port in each.published
    ]
    foreign = str([job for job in scrapes() if job["job_name"] != own_job()])
    for text in chain.from_iterable(one.lines() for one in known.values()):
        for host, port in (filter(None, found) for found in ADDRESS.findall(text)):
            if host in known:
                yield from _wrong_port(known[host], [port], text)
            elif text.path == CONFIGURATION and f"{host}:{port}" in foreign:
                continue
            elif host != "localhost":
                yield wrong(text, f"{host} is no service of {COMPOSE}: {', '.join(known)}")
            elif port not in published:
                yield wrong(text, f"{COMPOSE} publishes no port {port}: {', '.join(published)}")


def _wrong_port(container: Container, asked: list[str], place: Text) -> Findings:
    """Say it where it listens on none of these; a range may be wider than it needs."""
    if container.ports and asked and not set(asked) & set(container.ports):
        right = f"listens on {' and '.join(container.ports)}, not on {asked[0]}"
        yield wrong(place, f"{container.name} {right}")


def check_mounts() -> Findings:
    """Find paths that are in no container, and mounts of what is not here."""
    for container in containers().values():
        for volume in container.volumes:
            source = volume.split(":")[0]
            if source.startswith(".") and not Path(source).exists():
                yield wrong(volume, f"{source} does not exist")
            elif NAMED.fullmatch(volume) and source not in section("volumes"):
                yield wrong(volume, f"{source} is not among the volumes below")
        found = ((text, target) for text in container.lines() for target in PATH.findall(text))
        for text, target in found:
            if not target.startswith(SECRETS) and (text in container.command or "/etc/" in target):
                own = container.inside(target)
                if own is None:
                    yield wrong(text, f"nothing is mounted at {target} in {container.name}")
                elif own and not any(Path(own).parent.glob(Path(own).name)):
                    yield wrong(text, f"{target} is {own} here, which does not exist")


def check_secrets() -> Findings:
    """Find secrets that are read but not given, given but not read, or that git would take."""
    declared = section("secrets")
    for name, entry in declared.items():
        file = entry.get("file", "/")  # without one it is somebody else's, as one elsewhere is
        folder = f"{Path(file).parent}/"
        if not file.startswith("/") and folder not in content(Path(".gitignore")):
            yield wrong(name, f"{folder} must be in .gitignore: git would take the secret {name}")
    for container in containers().values():
        read = set()
        for text in container.lines():
            for secret in re.findall(rf"{SECRETS}([\w-]+)", text):
                read.add(secret)
                if secret not in container.secrets:
                    right = f"must be given the secret {secret} in {COMPOSE}"
                    yield wrong(text, f"{container.name} {right}")
        for target, given in container.secrets.items():
            if given not in declared:
                yield wrong(given, f"{given} is not among the secrets below")
            elif target not in read:
                right = f"is given the secret {given} and reads it nowhere"
                yield wrong(given, f"{container.name} {right}")


def check_token_of_the_scrape() -> Findings:
    """Find a Prometheus that scrapes with another token than the service asks for."""
    asked = {one.environment.get("OPERATIONS_TOKEN_FILE", "") for one in ours()}
    for job in own_scrapes():
        given = job.get("authorization", job)
        if given.get("credentials_file", "") not in asked:
            right = f"must be {' or '.join(sorted(asked))}, as OPERATIONS_TOKEN_FILE"
            yield wrong(given, f"credentials_file {right}")


def check_settings() -> Findings:
    """Find variables that are nearly the name of a setting, and values that a setting refuses."""
    classes = settings_of(discover())
    for container in ours():
        image, own = image_variables(), container.environment
        for name, near in config.misspelt(own, classes, *image).items():
            yield wrong(own[name], f"{name} is no setting: {near}?")
        for path in (one[PROBE] for one in (image, own) if PROBE in one):
            if path not in PROBES:
                yield wrong(path, f"{PROBE} must be {' or '.join(PROBES)}")
        for problem in chain.from_iterable(_refused(one, image | own) for one in classes):
            name = problem.partition(":")[0]
            if name in image | own and not name.endswith("_FILE"):  # secrets are not known here
                yield wrong((image | own)[name], problem)


def _refused(settings: type[config.Settings], given: Mapping[str, str]) -> list[str]:
    """What the settings say of these variables, and of no other."""
    config.forget()
    with patch.dict(os.environ, {**given, "ENV_FILE": os.devnull}, clear=True):
        try:
            config.load(settings)
        except SettingsError as error:
            return str(error).splitlines()
        finally:
            config.forget()
    return []


def check_database() -> Findings:
    """Find a user or a database that the URL among the secrets names, and PostgreSQL does not have."""
    for secret in section("secrets").values():
        url = urlsplit(secret.get("x-value", ""))
        database = containers().get(url.hostname or "")
        if database and url.scheme.startswith("postgres"):
            user = database.environment.get("POSTGRES_USER", "postgres")
            made = {"POSTGRES_USER": user, "POSTGRES_DB": user, **database.environment}
            for name, right in (("POSTGRES_USER", url.username), ("POSTGRES_DB", url.path[1:])):
                if made[name] != right:
                    place = database.environment.get(name, database.name)
                    where = f"{COMPOSE}:{secret.at('x-value').line}"
                    yield wrong(place, f"{name} must be {right}, as in {where}")


def check_order() -> Findings:
    """Find a service that does not wait for the migrations."""
    if {"service", "migrate"} <= containers().keys():
        service = containers()["service"].entry
        waits = service.get("depends_on")
        migrate = waits.get("migrate") if isinstance(waits, Entry) else None
        if not migrate or migrate.get("condition") != COMPLETED:
            place = migrate.at("condition") if migrate else service.at("depends_on")
            right = f"depends_on: {{migrate: {{condition: {COMPLETED}}}}}"
            yield wrong(place, f"the schema comes first: {right}")


def check_times() -> Findings:
    """Find times of containers and nginx that do not fit those of the service."""
    upstream = re.search(r"upstream .*?\}", "\n".join(nginx_lines()), re.DOTALL)
    for service in (one for one in ours() if one.published):
        given = service.environment
        drain, timeout, keep = (float(given.get(name) or usual) for name, usual in TIMES.items())
        least, grace = drain + timeout + MARGIN_SECONDS, service.entry.get("stop_grace_period")
        if grace is None or _seconds(grace) < least:
            right = f"stop_grace_period must be at least {least:g}s: docs/operations.md"
            yield wrong(grace or service.name, right)
        for line in lines(NGINX):
            for kept in re.findall(r"keepalive_timeout (\w+)", line):
                if upstream and line in upstream[0] and _seconds(kept) >= keep:
                    right = f"must be shorter than KEEP_ALIVE_SECONDS of the service, {keep:g}s"
                    yield wrong(line, right)


def _seconds(duration: str) -> int:
    """How many `40s` or `1m30s` are."""
    return sum(int(number) * SECONDS[unit] for number, unit in DURATION.findall(duration))
