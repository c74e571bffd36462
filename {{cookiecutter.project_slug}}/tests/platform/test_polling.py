"""Metrics are polled in the service itself; one callback that fails keeps no other from running."""

from time import sleep

import pytest

from {{ cookiecutter.package_name }}.platform.polling import register_for_polling


@pytest.fixture(autouse=True)
def _often(mock_env):
    mock_env(POLLING_INTERVAL_SECONDS="0.1")


def wait_for(condition):
    for _ in range(200):
        if condition():
            return
        sleep(0.02)
    raise AssertionError("it did not happen within 4 seconds")


def test_a_callback_that_fails_is_counted_and_the_others_still_run(client, metrics):
    polled = []
    register_for_polling("failing", lambda: 1 / 0)
    register_for_polling("other", lambda: polled.append("other"))
    wait_for(lambda: len(polled) > 1)
    failures = metrics.value('metrics_poll_failures_total{callback="failing"}')
    assert failures >= 2
    assert metrics.value('metrics_poll_duration_seconds_count{callback="failing"}') >= failures
