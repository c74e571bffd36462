"""Checks of nginx, by itself where it is installed."""

import re
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from .compose_file import COMPOSE, NGINX, SECRETS, containers, has_tls
from .documents import Text, lines
from .findings import Finding, Findings, run, wrong

CERTIFICATE = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost"
HOST = re.compile(r"\bserver [\w.-]+:")
LOCATION = re.compile(r"location\s+(=|~\*|~|\^~|)\s*(\S+)\s*\{([^}]*)\}")
HEADER = re.compile(r"^\s*proxy_set_header (\S+)", re.MULTILINE)
# How each kind of them is a pattern; the first kind that fits wins.
KINDS = {"=": "^%s$", "^~": "^%s", "~": "%s", "~*": "(?i)%s", "": "^%s"}
# What a location must have for which paths, in words and as a pattern.
CLOSED = {
    "/metrics /health /api/health": ("`deny all;`, or `allow all;` for the token", r"\ball;"),
    "/livez /readyz": ("`return 404;`", r"return 40[34];|deny all;"),
}
WRITTEN = re.compile(r"^\s*(?:pid|\w+_temp_path|access_log|error_log) (/[^\s;]+)")
PROBLEM = re.compile(r"\[(?:emerg|warn)\] (?:\S+#\S+ )?(.*) in (\S+):(\d+)$", re.MULTILINE)


def check_configuration() -> Findings:
    """Let nginx check its configuration, with names that it can look up on this machine.

    Raises:
        NotHere: nginx is missing, or openssl, which makes a certificate where TLS is on.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in NGINX.parent.iterdir():
            text = HOST.sub("server 127.0.0.1:", file.read_text(encoding="utf-8"))
            text = text.replace("/dev/shm/", f"{folder}/").replace(SECRETS, f"{folder}/")  # noqa: S108 - not written there
            (folder / file.name).write_text(text, encoding="utf-8")
        if has_tls():
            pair = ["-keyout", f"{folder}/tls_key", "-out", f"{folder}/tls_certificate"]
            run(CERTIFICATE, *pair)
        done = run("nginx -t -e stderr -c", f"{folder}/{NGINX.name}")
        for message, path, line in PROBLEM.findall(done.stderr):
            yield Finding(NGINX.parent / Path(path).name, int(line), message)


def _rank(location: re.Match[str]) -> tuple[int, int]:
    """Which wins: of one kind the first, or the longest where it is no pattern."""
    kind, path = location.group(1, 2)
    return ([*KINDS].index(kind), 0 if kind.startswith("~") else -len(path))


def _line_of(location: re.Match[str]) -> Text:
    """Where it begins."""
    return lines(NGINX)[location.string.count("\n", 0, location.start())]


def check_who_gets_in() -> Findings:
    """Find what is for operators or probes alone, and is passed on to everybody."""
    text = "\n".join(lines(NGINX))
    known = sorted(LOCATION.finditer(text), key=_rank)
    asked = ((path, must) for paths, must in CLOSED.items() for path in paths.split())
    for path, (right, directive) in asked:
        first = next((one for one in known if re.search(KINDS[one[1]] % one[2], path)), None)
        if first and not re.search(directive, first[3]):
            yield wrong(_line_of(first), f"{path} must come to a location with {right}")


def check_forwarded_addresses() -> Findings:
    """Find a header in which a client may say who it is."""
    given = [line for line in lines(NGINX) if "proxy_set_header X-Forwarded-For" in line]
    for line in given or lines(NGINX)[:1]:
        if not re.search("For +[$]remote_addr;", line):
            yield wrong(line, "proxy_set_header X-Forwarded-For must be $remote_addr: clients lie")


def check_inherited_headers() -> Findings:
    """Find a location that sets a header, and so inherits none of the others."""
    text = "\n".join(lines(NGINX))
    usual = set(HEADER.findall(LOCATION.sub("", text)))
    for location in LOCATION.finditer(text):
        own = set(HEADER.findall(location[3]))
        if own and (missing := sorted(usual - own)):
            right = f"a location that sets a header must set all: {', '.join(missing)}"
            yield wrong(_line_of(location), right)


def check_written_files() -> Findings:
    """Find a path that nginx writes to, and that is on no writable mount."""
    for container in (one for one in containers().values() if NGINX in one.sources):
        for line in lines(NGINX):
            for path in WRITTEN.findall(line):
                if not any(map(PurePosixPath(path).is_relative_to, container.writable)):
                    right = f"use one of {', '.join(container.writable)}"
                    yield wrong(line, f"{container.name} may not write {path}: {right}")


def check_included_files() -> Findings:
    """Find a file that nginx.conf includes, and that is not beside it in the container."""
    for container in containers().values():
        for target in (one for one, source in container.mounts.items() if Path(source) == NGINX):
            for line in lines(NGINX):
                for name in re.findall(r"^\s*include ([\w.-]+);", line):
                    if not container.inside(str(Path(target).with_name(name))):
                        right = f"{name} must be mounted beside it: volumes of {container.name}"
                        yield wrong(line, f"{right} in {COMPOSE}")
