"""How many bookmarks there are is polled."""

from time import sleep

import pytest


@pytest.fixture(autouse=True)
def _often(mock_env):
    mock_env(POLLING_INTERVAL_SECONDS="0.1")


def test_the_service_polls_how_many_there_are(client, metrics):
    client.post("/api/bookmarks", json={"url": "https://example.org/", "title": "An example"})
    for _ in range(200):
        if metrics.value("bookmarks_stored") == 1:
            break
        sleep(0.02)
    assert metrics.value("bookmarks_stored") == 1
