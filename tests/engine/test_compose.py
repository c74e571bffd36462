"""The image and compose.yaml of a generated service in a real container engine: `make containers`, as root.

The engine is podman. No registry is asked: a Debian with the same programs stands in for the images of Python, of
Prometheus, Alertmanager and nginx. For those of Grafana and PostgreSQL nothing does. All else is as generated.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from bakery import CACHE, Bakery, Project, environment
from server import Server, wait_for

PROGRAMS = ("podman", "buildah", "runc", "debootstrap", "/usr/lib/podman/netavark", "/usr/lib/podman/aardvark-dns")
PACKAGES = (
    "ca-certificates",
    "netcat-openbsd",
    "nginx-light",
    "prometheus",
    "prometheus-alertmanager",
    "python3",
    "python3-pip",
    "wget",
)
wait = partial(wait_for, seconds=40)  # an engine takes longer than a process
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")  # this machine's, for a mirror that has its own
BASE = "localhost/base"
# By the image that each stands in for: the user and what it starts, as in the original.
STAND_INS = {
    "prom/prometheus": ("prometheus", "RUN install -d -o nobody /prometheus", "nobody", ["/usr/bin/prometheus"]),
    "prom/alertmanager": (
        "alertmanager",
        "RUN install -d -o nobody /alertmanager",
        "nobody",
        ["/usr/bin/prometheus-alertmanager"],
    ),
    "nginxinc/nginx-unprivileged": ("nginx", "", "101:101", ["/usr/sbin/nginx", "-g", "daemon off;"]),
}
# What a kernel without every control group and an engine without systemd can do.
CONTAINERS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
"""
STORAGE = """
[storage]
driver = "overlay"
runroot = "{folder}/run"
graphroot = "{folder}/images"
"""
PAGE = {"url": "https://example.com/", "title": "Example"}


@dataclass
class Engine:
    """A container engine with images and settings of its own, and one project in it."""

    variables: dict[str, str]
    project: Project

    def podman(self, *arguments: str, check: bool = True) -> str:
        """Run a command of podman, and return what it printed."""
        done = subprocess.run(
            ["podman", *arguments], env=self.variables, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def build(self, name: str, lines: str) -> None:
        """Build an image from the lines of a Dockerfile."""
        command = ["buildah", "build", "--quiet", "--tag", name, "--file", "-", str(self.project.path / "docs")]
        subprocess.run(command, env=self.variables, input=lines, text=True, check=True, capture_output=True)

    def compose(self, *arguments: str) -> None:
        """Run a command of compose in the project."""
        command = [sys.executable, "-m", "podman_compose", *arguments]
        done = subprocess.run(
            command, cwd=self.project.path, env=self.variables, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    def container(self, service: str) -> str:
        """Name the container of a service."""
        return f"{self.project.answers['project_slug']}_{service}_1"

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of the container of a service."""
        [known] = json.loads(self.podman("inspect", self.container(service)))
        assert isinstance(known, dict)
        return known

    def secret(self, name: str) -> str:
        """Return what is in the file of a secret."""
        return self.project.text(f"secrets/{name}").strip()


def ask(port: int, path: str, body: object = None, token: str = "") -> tuple[int, bytes]:
    """Return status and body of the answer on a published port, 0 where nobody answers."""
    try:
        answer = Server(port).ask("GET" if body is None else "POST", path, body, token=token)
    except (OSError, HTTPException):
        return 0, b""
    return answer.status, answer.body


def base() -> Path:
    """Return a small Debian with the programs of every image, made once."""
    root = CACHE / "engine" / "root"
    if not (root / "usr/bin/python").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", str(root)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for mark in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):  # the image of Python has none
            mark.unlink()
        shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        (root / "usr/bin/python").symlink_to("python3")
    return root


def adapt(project: Project) -> None:
    """Name the stand-ins where the project names images, and a log driver that podman has."""
    dockerfile, compose = project.path / "Dockerfile", project.path / "compose.yaml"
    lines, count = re.subn(
        r"^FROM python:\S+", f"FROM {BASE}", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert count == 2
    dockerfile.write_text(lines, encoding="utf-8")
    text = compose.read_text(encoding="utf-8")
    for original, (name, *_) in STAND_INS.items():
        text, count = re.subn(rf"image: {original}:\S+", f"image: localhost/{name}", text)
        assert count == 1, original
    text, count = re.subn(r"driver: local\n( +)options: {.*}", r"driver: k8s-file\n\1options: {max-size: 10m}", text)
    assert count == 1
    compose.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def engine(bakery: Bakery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Return an engine that runs the health checks of its containers, as systemd does elsewhere."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    names = " ".join(Path(program).name for program in missing)
    assert not missing, f"as root: apt-get install --no-install-recommends {names}"
    assert os.geteuid() == 0, "an engine like this one needs root: sudo make containers"
    folder = tmp_path_factory.mktemp("engine")
    (folder / "containers.conf").write_text(CONTAINERS, encoding="utf-8")
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder), encoding="utf-8")
    files = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "BUILDAH_FORMAT": "docker",  # the other one has no health checks
        "BUILDAH_ISOLATION": "chroot",
    }
    project = bakery.bake()
    made = Engine(environment(**files), project)
    adapt(project)
    for command in (["make", "setup"], ["make", "secrets"]):
        subprocess.run(command, cwd=project.path, env=environment(), check=True, capture_output=True)
    for name in ("alerts_page_url", "alerts_ticket_url"):
        (project.path / "secrets" / name).write_text("http://127.0.0.1:9/", encoding="utf-8")
    with subprocess.Popen(["tar", "--directory", base(), "--create", "."], stdout=subprocess.PIPE) as tar:
        trusted = f"ENV SSL_CERT_FILE={CERTIFICATES}"
        command = ["podman", "import", "--quiet", "--change", trusted, "-", BASE]
        subprocess.run(command, env=made.variables, stdin=tar.stdout, check=True, capture_output=True)
    for name, extra, user, start in STAND_INS.values():
        made.build(f"localhost/{name}", f"FROM {BASE}\n{extra}\nUSER {user}\nENTRYPOINT {json.dumps(start)}\n")
    ended = threading.Event()

    def check_health() -> None:
        while not ended.wait(1):
            for name in made.podman("ps", "--format", "{{.Names}}", check=False).split():
                made.podman("healthcheck", "run", name, check=False)

    thread = threading.Thread(target=check_health)
    thread.start()
    try:
        yield made
    finally:
        ended.set()
        thread.join()
        made.podman("rm", "--all", "--force", "--time", "0", check=False)
        made.podman("system", "reset", "--force", check=False)


@pytest.fixture(scope="module")
def service(engine: Engine, figures: list[str]) -> Engine:
    """Return the engine once compose has built and started the service, and nothing else."""
    began = time.monotonic()
    engine.compose("up", "--build", "--detach", "service")
    built = time.monotonic() - began
    ready = wait(lambda: ask(8000, "/readyz")[0] == 200)
    [size] = json.loads(engine.podman("image", "inspect", engine.inspect("service")["Image"]))
    figures.append(
        f"container engine: built and started in {built:.0f} s, ready {ready:.1f} s later, {size['Size'] / 1e6:.0f} MB"
    )
    return engine


def test_the_service_is_confined_as_compose_says(service: Engine) -> None:
    known = service.inspect("service")
    host = known["HostConfig"]
    assert known["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"]
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (512 * 2**20, 10**9, 200)
    status = service.podman("exec", service.container("service"), "cat", "/proc/1/status")
    assert re.search(r"^Uid:\t10001\t10001\t10001\t10001$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0000000000000000$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    tried = "cd /tmp; for at in / /opt/service /etc; do touch $at/f 2>/dev/null && echo $at; done; touch f /data/f"
    assert service.podman("exec", service.container("service"), "sh", "-c", tried) == ""
    wait(lambda: service.inspect("service")["State"]["Health"]["Status"] == "healthy")


def test_no_secret_is_in_the_image_its_history_or_what_the_engine_shows(service: Engine) -> None:
    secrets = [service.secret(name) for name in ("secret_key", "operations_token")]
    assert min(map(len, secrets)) >= 32
    image = service.inspect("service")["Image"]
    shown = service.podman("history", "--no-trunc", image) + json.dumps(service.inspect("service"))
    files = service.podman(
        "run",
        "--rm",
        "--network=none",
        "--entrypoint",
        "grep",
        image,
        "-rlE",
        "|".join(secrets),
        "/opt",
        "/data",
        "/etc",
        check=False,
    )
    assert [secret for secret in secrets if secret in shown] == []
    assert files == ""
    names = service.podman(
        "run", "--rm", "--network=none", "--entrypoint", "ls", image, "/", "/opt/service/bin"
    ).split()
    assert "example-service" in names
    assert not {"build", "uv", "pytest", "ruff"} & set(names)


def test_probes_and_metrics_are_answered_from_outside(service: Engine) -> None:
    assert ask(8000, "/livez")[0] == 200
    assert ask(8000, "/metrics")[0] == 401
    status, body = ask(8000, "/metrics", token=service.secret("operations_token"))
    assert status == 200
    assert b"http_requests_total" in body


def test_a_stop_is_clean_and_rows_are_there_after_it_and_after_a_kill(service: Engine, figures: list[str]) -> None:
    assert ask(8000, "/api/bookmarks", PAGE)[0] == 201
    rows = json.loads(ask(8000, "/api/bookmarks")[1])
    began = time.monotonic()
    service.podman("stop", service.container("service"), "--time", "40")
    figures.append(f"container engine: stopped in {time.monotonic() - began:.1f} s, the drain of 5 s included")
    assert service.inspect("service")["State"]["ExitCode"] == 0
    service.compose("up", "--detach", "--no-build", "service")
    wait(lambda: ask(8000, "/readyz")[0] == 200)
    assert json.loads(ask(8000, "/api/bookmarks")[1]) == rows
    os.kill(service.inspect("service")["State"]["Pid"], signal.SIGKILL)
    wait(lambda: service.inspect("service")["RestartCount"] == 1)  # restart: unless-stopped
    wait(lambda: ask(8000, "/readyz")[0] == 200)
    assert json.loads(ask(8000, "/api/bookmarks")[1]) == rows
    log = service.podman("logs", service.container("service"))
    assert [line for line in log.splitlines() if not isinstance(json.loads(line), dict)] == []


def test_prometheus_scrapes_it_and_knows_alertmanager_and_nginx_is_in_front(
    service: Engine, figures: list[str]
) -> None:
    service.compose(
        "--profile",
        "monitoring",
        "--profile",
        "proxy",
        "up",
        "--detach",
        "--no-build",
        "prometheus",
        "alertmanager",
        "nginx",
    )

    def healthy() -> bool:
        states = (
            service.inspect(name)["State"]["Health"]["Status"] for name in ("prometheus", "alertmanager", "nginx")
        )
        return all(state == "healthy" for state in states)

    def targets() -> list[tuple[str, str]]:
        known = json.loads(ask(9090, "/api/v1/targets")[1] or b'{"data": {"activeTargets": []}}')
        return [(one["labels"]["job"], one["health"]) for one in known["data"]["activeTargets"]]

    seconds = wait(healthy)
    figures.append(f"container engine: Prometheus, Alertmanager and nginx healthy after {seconds:.1f} s")
    wait(lambda: targets() == [("example-service", "up")])
    rules = [rule for group in json.loads(ask(9090, "/api/v1/rules")[1])["data"]["groups"] for rule in group["rules"]]
    assert len(rules) > 50
    wait(lambda: len(json.loads(ask(9090, "/api/v1/alertmanagers")[1])["data"]["activeAlertmanagers"]) == 1)
    wait(lambda: b'"Watchdog"' in ask(9093, "/api/v2/alerts")[1], seconds=90)
    assert ask(8080, "/api/bookmarks")[0] == 200
    assert [ask(8080, path)[0] for path in ("/metrics", "/readyz", "/livez")] == [403, 404, 404]
    for name in ("prometheus", "alertmanager", "nginx"):
        known = service.inspect(name)
        assert known["HostConfig"]["ReadonlyRootfs"]
        assert known["Config"]["User"] not in ("", "root", "0")
