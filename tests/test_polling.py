"""Several workers poll in one process of all, and another takes over when that is killed."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bakery import Answers, Project
from server import component, wait_for
from test_workers import Service, running

POLLED = '''"""Says who polls."""

import logging
import os

from ..platform.core import Component
from ..platform.polling import register_for_polling

log = logging.getLogger(__name__)


def poll() -> None:
    """Say who polls."""
    log.warning("polled by %d", os.getpid())


component = Component(name="orders", start=lambda: register_for_polling("orders", poll))
'''


@pytest.fixture
def project(workshop: Callable[[Answers], Project]) -> Iterator[Project]:
    """Return a project of several workers with one more component, which says who polls."""
    project = workshop({"framework": "django", "workers": "several"})
    with component(project, "orders", POLLED):
        yield project


def polled_by(service: Service) -> list[int]:
    """Return who polled, each time."""
    return [int(pid) for pid in re.findall(r"polled by (\d+)", service.log.read_text(encoding="utf-8"))]


def test_one_of_the_workers_polls_and_another_takes_over(project: Project, tmp_path: Path) -> None:
    with running(project, tmp_path, WORKERS="3", POLLING_INTERVAL_SECONDS="0.2") as service:
        wait_for(lambda: len(polled_by(service)) >= 5)
        [first] = set(polled_by(service))
        assert first in service.workers()
        body = {"url": "https://example.com/", "title": "Example"}
        service.server.ask("POST", "/api/bookmarks", body)
        wait_for(lambda: service.server.scrape()["bookmarks_stored"].samples[0].value == 1)
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: len(set(polled_by(service))) == 2)
        service.server.ask("POST", "/api/bookmarks", body)
        wait_for(lambda: service.server.scrape()["bookmarks_stored"].samples[0].value == 2)
        seen = len(polled_by(service))
        time.sleep(1)
        [second] = set(polled_by(service)[seen:])
        assert second != first
        assert service.stop() == 0
