"""Behind a real PgBouncer, which gives each transaction another server process, no request fails."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import pytest
from bakery import Answers, Project, environment, questions
from server import HOST, free_port, serving
from test_live_server import bookmark_round_trip

NOBODY = 65534  # PgBouncer refuses to run as root, as PostgreSQL does

# Run by the project's Python: the server that its own tests use.
POSTGRESQL = """
import sys
from pathlib import Path
sys.path.insert(0, "tests/support")
from postgresql_server import PostgresqlServer
server = PostgresqlServer(Path(sys.argv[1]))
server.start()
try:
    server.create("pooled")
    print(server.url("pooled"), flush=True)
    sys.stdin.read()
finally:
    server.stop()
"""

CONFIGURATION = """
[databases]
service = host={host} port={port} user={user} dbname={database}
[pgbouncer]
listen_addr = {address}
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
"""


@pytest.fixture(scope="module")
def pgbouncer() -> str:
    """Return the path of the program, which .ci/run installs."""
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    assert binary, "pgbouncer is missing: install it, like apt-get install --no-install-recommends pgbouncer"
    return binary


@contextmanager
def postgresql_process(project: Project, script: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a script that starts PostgreSQL in the folder that it is given, with the project's Python."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with subprocess.Popen(
            [".venv/bin/python", "-c", script, folder],
            cwd=project.path,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            yield server


@contextmanager
def postgresql(project: Project) -> Iterator[str]:
    """Start PostgreSQL with an empty database, whose URL it is."""
    with postgresql_process(project, POSTGRESQL) as server:
        assert server.stdout
        yield server.stdout.readline().strip()


@contextmanager
def pooled(database: str, pgbouncer: str, mode: str) -> Iterator[str]:
    """Start a pooler before a database; the URL is as Heroku writes it."""
    url = urlsplit(database)
    query = parse_qs(url.query)
    listen = free_port()
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        configuration = Path(folder) / "pgbouncer.ini"
        configuration.write_text(
            CONFIGURATION.format(
                host=query["host"][0],
                port=query.get("port", ["5432"])[0],
                user=url.username,
                database=url.path[1:],
                address=HOST,
                listen=listen,
                mode=mode,
                size=3 if mode == "transaction" else 40,
            ),
            encoding="utf-8",
        )
        user = NOBODY if os.geteuid() == 0 else None
        with subprocess.Popen([pgbouncer, "--quiet", configuration], cwd="/", user=user) as pooler:
            try:
                yield f"postgres://{url.username}@{HOST}:{listen}/service"
            finally:
                pooler.terminate()


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("framework", questions()["framework"])
def test_no_request_fails_behind_a_pooler(
    workshop: Callable[[Answers], Project], pgbouncer: str, framework: str, mode: str
) -> None:
    project = workshop({"framework": framework, "database": "postgresql"})
    with postgresql(project) as database, pooled(database, pgbouncer, mode) as url:
        command = (".venv/bin/python", "-m", "example_service", "db", "upgrade")
        refused = project.run(*command, check=False, more={"DATABASE_URL": url})
        assert refused.returncode == 3
        assert "unsupported startup parameter: options" in refused.stdout
        settings = {"DATABASE_URL": url, "DATABASE_POOLER": mode}
        assert "upgraded" in project.run(*command, more=settings).stdout
        with serving(project, **settings) as server, ThreadPoolExecutor(16) as pool:
            for done in [pool.submit(bookmark_round_trip, server) for _ in range(96)]:  # of five requests
                done.result()
            assert sum(server.sent.values()) == 480
