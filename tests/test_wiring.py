"""What the files of compose, image, monitoring, proxy and settings say of each other is checked by a command."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from bakery import Answers, Project

# Run in the project: each break in a copy of what is checked, in a process that has read nothing, and what is found.
BROKEN = """
import json, multiprocessing, os, shutil, sys
from pathlib import Path
from tempfile import TemporaryDirectory
from tools.monitoring.__main__ import checks

CHECKS = [check for name, check in checks().items() if name.startswith(("Confined: ", "Nginx: ", "Wiring: "))]
project = Path.cwd()

def found(changes):
    with TemporaryDirectory() as folder:
        for name in ("monitoring", "compose.yaml", "Dockerfile", ".gitignore"):
            copy = shutil.copytree if (project / name).is_dir() else shutil.copy
            copy(project / name, Path(folder) / name)
        os.chdir(folder)
        for name, old, new in changes:
            text = Path(name).read_text()
            assert old in text, (name, old)
            Path(name).write_text(text.replace(old, new))
        return [str(finding) for check in CHECKS for finding in sorted(set(check()))]

with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
    print(json.dumps(pool.map(found, json.load(sys.stdin), chunksize=1)))
"""

COMPOSE = "compose.yaml"
DOCKERFILE = "Dockerfile"
NGINX = "monitoring/nginx/nginx.conf"
NGINX_TLS = "monitoring/nginx/tls.conf"
PROMETHEUS = "monitoring/prometheus/prometheus.yaml"
GRAFANA = "monitoring/grafana/provisioning"


@dataclass(frozen=True)
class Break:
    """A change of one file, and the one finding: the text in the line that it names, and what it says."""

    file: str
    old: str
    new: str
    message: str
    at: str = ""
    where: str = ""
    of: str = "sqlite"


BREAKS = [
    # A port in one file only.
    Break(NGINX, "service:8000", "service:8001", "service listens on 8000, not on 8001"),
    Break(NGINX, "listen 8080;", "listen 8081;", "nginx listens on 8081, not on 8080", "127.0.0.1:8080:8080", COMPOSE),
    Break(PROMETHEUS, "service:8000", "service:8001", "service listens on 8000, not on 8001"),
    Break(PROMETHEUS, "alertmanager:9093", "alertmanager:9094", "alertmanager listens on 9093, not on 9094"),
    Break(f"{GRAFANA}/datasources/prometheus.yaml", "prometheus:9090", "prometheus:9091", "prometheus listens on 9090"),
    Break(COMPOSE, "127.0.0.1:8000:8000", "127.0.0.1:8000:8001", "service listens on 8000, not on 8001"),
    Break(COMPOSE, ":9090/-/ready", ":9091/-/ready", "prometheus listens on 9090, not on 9091"),
    Break(DOCKERFILE, "PORT=8000", "PORT=8001", "PORT must be 8000, as the settings and the pages have it"),
    Break(DOCKERFILE, "EXPOSE 8000", "EXPOSE 8001", "the service listens on 8000"),
    # A host.
    Break(NGINX, "server service:", "server servise:", "servise is no service of compose.yaml: service, nginx"),
    Break(PROMETHEUS, '"service:8000', '"servise:8000', "servise is no service of compose.yaml: service, nginx"),
    # A mount, at either end, and a path that leads to none.
    Break(
        COMPOSE, ":/etc/prometheus:ro", ":/etc/prom:ro", "nothing is mounted at /etc/prometheus", "--config.file=/etc/p"
    ),
    Break(
        COMPOSE, "./monitoring/nginx/nginx", "./monitoring/nginx/ngin", "./monitoring/nginx/ngin.conf does not exist"
    ),
    Break(COMPOSE, "prometheus/prometheus.yaml", "prometheus/other.yaml", "other.yaml here, which does not exist"),
    Break(COMPOSE, "- grafana:/var", "- graphana:/var", "graphana is not among the volumes below"),
    Break(
        f"{GRAFANA}/dashboards/service.yaml", "/etc/grafana/d", "/etc/grafana/o", "nothing is mounted at /etc/grafana/o"
    ),
    # A secret.
    Break(PROMETHEUS, "secrets/operations_token", "secrets/token", "prometheus must be given the secret token"),
    Break(COMPOSE, "FILE: /run/secrets/secret_key", "FILE: /run/secrets/key", "service must be given the secret key"),
    Break(COMPOSE, "    - secret_key", "    - secret_kee", "secret_kee is not among the secrets below"),
    Break(".gitignore", "secrets/", "secret/", "secrets/ must be in .gitignore", "  secret_key:", COMPOSE),
    # A variable, and times.
    Break(COMPOSE, "LOG_FORMAT:", "LOG_FORMATS:", "LOG_FORMATS is no setting: LOG_FORMAT?"),
    Break(COMPOSE, "stop_grace_period: 40s", "stop_grace_period: 20s", "stop_grace_period must be at least 31s"),
    Break(
        NGINX,
        "keepalive_timeout 50s",
        "keepalive_timeout 65s",
        "must be shorter than KEEP_ALIVE_SECONDS of the service",
    ),
    # What nginx itself refuses, and a file that it includes.
    Break(NGINX, "client_max_body_size", "client_max_bodysize", 'unknown directive "client_max_bodysize"'),
    Break(NGINX, "# include tls", "include tls", "nginx must be given the secret tls_key", "_key", NGINX_TLS),
    # Who gets in through nginx, as whom, and where it writes.
    Break(NGINX, "(?:metrics|", "(?:", "/metrics must come to a location with `deny all;`", "location / {"),
    Break(
        NGINX, "            deny all;\n", "", "/api/health must come to a location with `deny all;`", "^/(?:metrics|"
    ),
    Break(NGINX, "livez|readyz", "livez", "/readyz must come to a location with `return 404;`", "location / {"),
    Break(
        NGINX,
        "            return 404;",
        '            proxy_set_header Host "";\n            return 404;',
        "a location that sets a header must set all: Connection",
        "^/(?:livez|",
    ),
    Break(NGINX, "For $remote_addr", "For $proxy_add_x_forwarded_for", "X-Forwarded-For must be $remote_addr"),
    Break(
        NGINX, "body_temp_path /dev/shm", "body_temp_path /nowhere", "nginx may not write /nowhere/nginx-body: use one"
    ),
    # What keeps a container in.
    Break(COMPOSE, "  read_only: true\n", "", "service: read_only must have true", "    <<: *service"),
    Break(COMPOSE, "cap_drop: [ALL]", "cap_drop: [CHOWN]", "prometheus: cap_drop must have ALL"),
    Break(COMPOSE, '"127.0.0.1:8000:8000"', '"8000:8000"', "8000:8000 is open to every address: write 127.0.0.1:"),
    Break(COMPOSE, '"127.0.0.1:9090:9090"', '"0.0.0.0:9090:9090"', "0.0.0.0:9090:9090 is open to every address"),
    Break(COMPOSE, "@sha256:", "-", " must be pinned: add @sha256:", "prom/prometheus:"),
    Break(DOCKERFILE, "-trixie@sha256:", "-trixie-", " must be pinned: add @sha256:"),
    # Ports in other forms.
    Break(COMPOSE, "127.0.0.1:8000:8000", "127.0.0.1:9000-9001:9000-9001", "service listens on 8000, not on 9000"),
    Break(COMPOSE, "127.0.0.1:8000:8000", "127.0.0.1:http", "127.0.0.1:http is no port: write it like 127.0.0.1:80"),
    # Values that a setting refuses.
    Break(COMPOSE, "PATH: /readyz", "PATH: /readyx", "HEALTHCHECK_PATH must be /livez or /readyz"),
    Break(DOCKERFILE, "PATH=/livez", "PATH=/live", "HEALTHCHECK_PATH must be /livez or /readyz", of="postgresql"),
    Break(COMPOSE, "FORMAT: json", "FORMAT: jsonn", "LOG_FORMAT: Input should be 'text' or 'json'"),
    Break(COMPOSE, "192.168.0.0/16", "192.168.0.300/16", "TRUSTED_PROXIES: must be addresses or networks like"),
    # The database, and who waits for it.
    Break(COMPOSE, "POSTGRES_USER: service", "POSTGRES_USER: serv", "POSTGRES_USER must be service", of="postgresql"),
    Break(COMPOSE, "POSTGRES_DB: service", "POSTGRES_DB: services", "POSTGRES_DB must be service", of="postgresql"),
    Break(COMPOSE, "@database:5432", "@database:5433", "database listens on 5432, not on 5433", of="postgresql"),
    Break(COMPOSE, "@database:5432", "@databas:5432", "databas is no service of compose.yaml", of="postgresql"),
    Break(COMPOSE, "@sha256:", "-", " must be pinned: add @sha256:", "postgres:", of="postgresql"),
    Break(
        COMPOSE,
        "    depends_on:\n      migrate: {condition: service_completed_successfully}\n",
        "",
        "the schema comes first: depends_on: {migrate: {condition: service_completed_successfully}}",
        "    <<: *service",
        of="postgresql",
    ),
    Break(COMPOSE, "ice_completed_successfully", "ice_started", "the schema comes first: ", of="postgresql"),
]
OF: dict[str, Answers] = {"sqlite": {}, "postgresql": {"framework": "django", "database": "postgresql"}}

# What Compose takes as well, and what is the team's own: the changes of compose.yaml.
REDIS = """  redis:
    image: registry.example.org:5000/redis:8
    environment: [TZ=UTC, HTTPS_PROXY, KEY_FILE=/run/secrets/secret_key]
    secrets: [secret_key]
    command: redis-server --port 6379
    tmpfs: /data:size=64m
    healthcheck: {test: redis-cli ping}
    ports: ["6379"]
    volumes: [/srv/redis:/srv, /anonymous]
"""
WORKER = """  worker:
    build: {context: ./worker}
    environment: {LOG_FORMAT: plain, LOG_LEVLE: 3, PORT: 9000, HEALTHCHECK_PATH: /ping}
    ports: ["9000:9000"]
"""
LONG_MOUNT = "- {type: bind, source: ./monitoring/prometheus, target: /etc/prometheus, read_only: true}"
LEGITIMATE: dict[str, list[tuple[str, str]]] = {
    "ports": [('"127.0.0.1:8000:8000"', "{target: 8000, published: 8000, host_ip: 127.0.0.1}")],
    "one port": [('["127.0.0.1:8000:8000"]', "[8000]  # on purpose: a firewall is in front")],
    "a range of ports": [('"127.0.0.1:8000:8000"', '"127.0.0.1:8000-8001:8000-8001/tcp"')],
    "an address of IPv6": [('"127.0.0.1:8000:8000"', '"[::1]:8000:8000"')],
    "a proxy that is open to others": [('"127.0.0.1:8080:8080"', "8080:8080")],
    "a file system to write": [("  grafana:\n", "  grafana:\n    read_only: false  # on purpose: plugins\n")],
    "an image of another registry": [("nginxinc/", "mirror.example.org:5000/nginxinc/")],
    "volumes": [("- ./monitoring/prometheus:/etc/prometheus:ro", LONG_MOUNT)],
    "secrets": [("    - secret_key", "    - {source: secret_key}")],
    "a secret of the engine": [("    file: ./secrets/secret_key", "    external: true")],
    "a secret elsewhere": [("    file: ./secrets/secret_key", "    file: /etc/secrets/secret_key")],
    "target of a secret": [
        ("    - secret_key", "    - {source: secret_key, target: key}"),
        ("FILE: /run/secrets/secret_key", "FILE: /run/secrets/key"),
    ],
    "a variable's default": [("    LOG_FORMAT:", "    SHUTDOWN_TIMEOUT_SECONDS: ${X:-10}\n    LOG_FORMAT:")],
    "defaults in a default": [("LOG_FORMAT: json", "LOG_FORMAT: ${FORMAT:-${LOG_FORMAT:-json}}")],
    "a variable without default": [("    LOG_FORMAT:", "    SHUTDOWN_TIMEOUT_SECONDS: ${X}\n    LOG_FORMAT:")],
    "variables of others": [("    LOG_FORMAT:", "    TZ: UTC\n    HTTPS_PROXY: http://10.0.0.1:3128\n    LOG_FORMAT:")],
    "a service of the team's": [("\n  nginx:\n", f"\n{REDIS}\n  nginx:\n")],
    "a service that is built elsewhere": [("\n  nginx:\n", f"\n{WORKER}\n  nginx:\n")],
    "an image built once": [("\n  nginx:\n", "\n  copy: {image: 'example-service:${VERSION:-latest}'}\n\n  nginx:\n")],
}
# The same in other files.
LEGITIMATE_ELSEWHERE = {
    "the token alone decides": (NGINX, "deny all;", "allow all;"),
    "a location of one path": (
        NGINX,
        "        location / {",
        "        location = /livez { return 404; }\n\n        location / {",
    ),
    "a stage of its own": (DOCKERFILE, "# Last, since", "FROM build AS tested\n# Last, since"),
}


def run(project: Project, changes: list[list[tuple[str, str, str]]]) -> list[list[str]]:
    """Return what the checks find after each of these lists of changes."""
    script = project.path / ".git" / "broken.py"
    script.write_text(BROKEN, encoding="utf-8")
    given = project.path / ".git" / "broken.json"
    given.write_text(json.dumps(changes), encoding="utf-8")
    command = f"PYTHONPATH=. .venv/bin/python {script} < {given}"
    answers = json.loads(project.run("sh", "-c", command).stdout)
    assert isinstance(answers, list)
    return answers


@pytest.fixture(scope="module")
def findings(workshop: Callable[[Answers], Project]) -> tuple[dict[str, Project], dict[Break, list[str]]]:
    """Return the projects, and what is found after each break."""
    found: dict[Break, list[str]] = {}
    for of, answers in OF.items():
        breaks = [one for one in BREAKS if one.of == of]
        changes = [[(one.file, one.old, one.new)] for one in breaks]
        found |= dict(zip(breaks, run(workshop(answers), changes), strict=True))
    return {of: workshop(answers) for of, answers in OF.items()}, found


@pytest.mark.parametrize("answers", OF.values(), ids=OF)
def test_what_is_generated_fits_together(workshop: Callable[[Answers], Project], answers: Answers) -> None:
    assert run(workshop(answers), [[]]) == [[]]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: f"{broken.file}: {broken.new}")
def test_a_change_in_one_file_only_is_found_with_file_and_line(
    findings: tuple[dict[str, Project], dict[Break, list[str]]], broken: Break
) -> None:
    projects, found = findings
    project = projects[broken.of]
    where = broken.where or broken.file
    text = project.text(where) if broken.where else project.text(where).replace(broken.old, broken.new)
    line = next(number for number, one in enumerate(text.splitlines(), 1) if (broken.at or broken.new) in one)
    right = [one for one in found[broken] if one.startswith(f"{where}:{line}: ") and broken.message in one]
    assert len(right) == 1, found[broken]


def test_what_is_right_in_another_form_stays_right(workshop: Callable[[Answers], Project]) -> None:
    project = workshop({})
    changes = {name: [(COMPOSE, old, new) for old, new in pairs] for name, pairs in LEGITIMATE.items()}
    changes |= {name: [change] for name, change in LEGITIMATE_ELSEWHERE.items()}
    assert dict(zip(changes, run(project, [*changes.values()]), strict=True)) == {name: [] for name in changes}


def test_tls_that_is_switched_on_in_every_place_is_right(workshop: Callable[[Answers], Project]) -> None:
    project = workshop({})
    off = re.findall(r"^ *# .*(?:8443|tls_).*$", project.text(COMPOSE), re.MULTILINE)
    assert len(off) == 6
    on = [(COMPOSE, line, line.replace("# ", "", 1)) for line in off]
    include = (NGINX, "# include tls", "include tls")
    named = (COMPOSE, "/nginx/tls.conf:/etc/nginx/tls.conf", "/nginx/tls.conf:/etc/tls.conf")
    right, unmounted, unlisted = run(project, [[include, *on], [include, *on, named], [include, *on[1:]]])
    assert right == []
    assert [one for one in unmounted if "tls.conf must be mounted beside it: volumes of nginx" in one]
    assert unlisted == []  # whoever has another proxy in front publishes no port
