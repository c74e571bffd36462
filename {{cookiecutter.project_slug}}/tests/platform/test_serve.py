"""`serve` in a process of its own: it listens, answers, counts, and ends with code 0."""

import os
import re
import signal
import subprocess
import sys
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

SECONDS = 30  # for the start and for the end; each takes about one


@pytest.fixture
def served(tmp_path, request):
    """A service in a process of its own, and the address that it says it listens on."""
    log = tmp_path / "log"
    own = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/served.db",
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    with (
        log.open("w") as written,
        subprocess.Popen(
            [sys.executable, "-m", "{{ cookiecutter.package_name }}", "serve"],
            cwd=request.config.rootpath,  # where the coverage configuration is
            env={**os.environ, **own},
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process, listening(process, log)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def listening(process, log) -> str:
    """Wait for the line that says where the service listens, and return the address."""
    until = time.monotonic() + SECONDS
    while not (found := re.search(r"Listening at: (http://\S+)", log.read_text())):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.02)
    return found[1]


def test_a_served_request_is_answered_and_counted_and_the_end_is_clean(served):
    process, address = served
    with pytest.raises(HTTPError) as missing:
        urlopen(address + "/nowhere", timeout=SECONDS)
    missing.value.close()
    assert missing.value.code == 404
    with urlopen(address + "/metrics", timeout=SECONDS) as answer:
        scraped = answer.read().decode()
    labels = 'endpoint="unmatched",method="GET",status="404"'
    assert "http_requests_total{" + labels + "} 1.0\n" in scraped
    assert re.search(r"^process_cpu_seconds_total \d", scraped, re.MULTILINE)
    assert re.search(r'^python_info\{implementation="CPython"', scraped, re.MULTILINE)
    assert re.search(r'^python_gc_collections_total\{generation="0"\} \d', scraped, re.MULTILINE)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
