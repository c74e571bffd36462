"""`serve` in a process of its own: it listens, answers, migrates first, and ends with code 0."""

import os
import re
import signal
import subprocess
import sys
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest


@pytest.fixture(scope="session")
def served(tmp_path_factory, request):
    """A service in a process of its own, and the address that it says it listens on.

    Once it is told to, it has until the last test of all to end: some workers of gunicorn look
    only once a second whether they shall.
    """
    folder = tmp_path_factory.mktemp("served")
    database = f"sqlite:///{folder}/served.db"
    log = folder / "log"
    with (
        log.open("w") as written,
        subprocess.Popen(
            [sys.executable, "-m", "{{ cookiecutter.package_name }}", "serve"],
            cwd=request.config.rootpath,  # where the coverage configuration is
            env={**os.environ, "DATABASE_URL": database, "HOST": "127.0.0.1", "PORT": "0"},
            stdout=written,
            stderr=subprocess.STDOUT,
        ) as process,
        log.open() as read,
    ):
        said = ""
        while not (found := re.search(r"Listening at: (http://\S+)", said)):
            assert process.poll() is None, said
            said += read.readline() or time.sleep(0.02) or ""
        yield process, found[1]
        try:
            assert process.wait(timeout=10) == 0, log.read_text()
        finally:
            process.kill()


@pytest.mark.ends_later
def test_a_served_request_is_answered_and_counted_and_the_end_is_clean(served):
    process, address = served
    with pytest.raises(HTTPError) as missing:
        urlopen(address + "/nowhere")
    missing.value.close()
    assert missing.value.code == 404
    with urlopen(address + "/metrics") as answer:
        scraped = answer.read().decode()
    labels = 'endpoint="unmatched",method="GET",status="404"'
    assert "http_requests_total{" + labels + "} 1.0\n" in scraped
    assert re.search(r"^process_cpu_seconds_total \d", scraped, re.MULTILINE)
    assert re.search(r'^python_info\{implementation="CPython"', scraped, re.MULTILINE)
    assert re.search(r'^python_gc_collections_total\{generation="0"\} \d', scraped, re.MULTILINE)
    process.send_signal(signal.SIGTERM)
