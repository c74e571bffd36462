"""A test that leaves a thread running fails: it would record in the registry of later tests."""

import re
import threading
from collections.abc import Generator

import pytest

SECONDS_TO_END = 2.0
# Each works for another thread, which is looked at itself: a server's, or that of an event loop.
HELPING = re.compile(r"\(process_request_thread\)$|^AnyIO worker thread$|^asyncio_\d+$")
BEFORE = pytest.StashKey[set[threading.Thread]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Remember what ran before the test and its fixtures."""
    item.config.stash[BEFORE] = set(threading.enumerate())
    yield


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """What a fixture of several tests starts may outlive the first of them."""
    before = set(threading.enumerate())
    result = yield
    if fixturedef.scope != "function":
        request.config.stash[BEFORE] |= set(threading.enumerate()) - before
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Wait for the other threads, which may be about to end."""
    yield
    others = set(threading.enumerate()) - item.config.stash[BEFORE]
    started = [thread for thread in others if not HELPING.search(thread.name)]
    for thread in started:
        thread.join(SECONDS_TO_END)
    left = sorted(thread.name for thread in started if thread.is_alive())
    if left:
        pytest.fail(f"still running, to be stopped and joined by the test: {', '.join(left)}")
