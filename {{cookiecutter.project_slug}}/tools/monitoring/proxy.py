"""Checks of nginx, by itself where it is installed."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from .compose_file import COMPOSE, NGINX, SECRETS, containers, has_tls, lines
from .findings import Checks, Finding, program

CERTIFICATE = "req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost"
HOST = re.compile(r"\bserver [\w.-]+:")
PROBLEM = re.compile(r"\[(?:emerg|warn)\] (?:\S+#\S+ )?(.*) in (\S+):(\d+)$", re.MULTILINE)


def nginx_accepts_it() -> Iterator[Finding]:
    """Let nginx check its configuration, with names that it can look up on this machine.

    Raises:
        NotHere: nginx is missing, or openssl, which makes a certificate where TLS is on.
    """
    binary = program("nginx", "nginx")
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in NGINX.parent.iterdir():
            text = file.read_text(encoding="utf-8")
            text = HOST.sub("server 127.0.0.1:", text)
            for own in ("/dev/shm/", SECRETS):  # noqa: S108 - not written there
                text = text.replace(own, f"{folder}/")
            (folder / file.name).write_text(text, encoding="utf-8")
        if has_tls():
            pair = ["-keyout", str(folder / "tls_key"), "-out", str(folder / "tls_certificate")]
            _run(program("openssl", "openssl"), *CERTIFICATE.split(), *pair)
        output = _run(binary, "-t", "-e", "stderr", "-c", str(folder / NGINX.name))
        for message, path, line in PROBLEM.findall(output):
            yield Finding(NGINX.parent / Path(path).name, int(line), message)


def included_files_are_mounted() -> Iterator[Finding]:
    """Find a file that nginx.conf includes, and that is not beside it in the container."""
    for container in containers().values():
        for target in (one for one, source in container.mounts.items() if Path(source) == NGINX):
            for number, text in lines(NGINX):
                for name in re.findall(r"^\s*include ([\w.-]+);", text):
                    if not container.inside(str(Path(target).with_name(name))):
                        right = f"{name} must be mounted beside it: volumes of {container.name}"
                        yield Finding(NGINX, number, f"{right} in {COMPOSE}")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - all of it stands here
    return done.stderr


CHECKS: Checks = {
    "nginx: configuration": nginx_accepts_it,
    "nginx: included files": included_files_are_mounted,
}
