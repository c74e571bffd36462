"""A group that is switched off makes no series and takes every call."""

import pytest

from {{ cookiecutter.package_name }}.platform.metrics import (
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    MetricGroup,
    Summary,
    bound,
)


class Everything(MetricGroup, component="example"):
    """One metric of every type."""

    count = Counter("things_total", "A count.")
    level = Gauge("level", "A level.", multiprocess="sum")
    took = Histogram("took_seconds", "A time.")
    size = Summary("size_bytes", "A size.")
    build = Info("build", "A fact.")
    mood = Enum("mood", "A state.", states=("good", "bad"))


@pytest.mark.parametrize("switch", ["METRICS_ENABLED", "COLLECT_EXAMPLE_METRICS"])
def test_switched_off_there_are_no_series_and_no_errors(mock_env, metrics, switch):
    mock_env(**{switch: "false"})
    off = bound(Everything)
    off.count.labels("any", "number").inc(2, exemplar=None)
    off.level.labels(of="labels").set(1)
    off.level.inc()
    off.level.dec()
    off.level.set_to_current_time()
    off.level.set_function(lambda: 1.0)
    off.took.observe(1)
    off.size.observe(1)
    off.build.info({"version": "1"})
    off.mood.state("good")
    off.count.remove("any")
    off.count.clear()
    with off.took.time(), off.level.track_inprogress(), off.count.count_exceptions():
        pass
    assert off.took.time()(str)(5) == "5"
    assert metrics.samples() == {}


def test_switched_off_the_requests_go_on_and_the_probes_tell_the_truth(mock_env, request, metrics):
    mock_env(METRICS_ENABLED="false")
    client = request.getfixturevalue("client")
    with metrics.adds({}):
        assert client.get("/probe/outer/inner/1").status_code == 200
    assert client.get("/health").json()["status"] == "healthy"
