"""Checks of nginx, by itself where it is installed."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from .compose_file import COMPOSE, NGINX, SECRETS, containers, has_tls
from .documents import lines
from .findings import Finding, Findings, run, wrong

CERTIFICATE = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost"
HOST = re.compile(r"\bserver [\w.-]+:")
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


def check_included_files() -> Findings:
    """Find a file that nginx.conf includes, and that is not beside it in the container."""
    for container in containers().values():
        for target in (one for one, source in container.mounts.items() if Path(source) == NGINX):
            for line in lines(NGINX):
                for name in re.findall(r"^\s*include ([\w.-]+);", line):
                    if not container.inside(str(Path(target).with_name(name))):
                        right = f"{name} must be mounted beside it: volumes of {container.name}"
                        yield wrong(line, f"{right} in {COMPOSE}")
