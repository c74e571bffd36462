"""One definition is one metric, whoever binds it and however often."""

import gc
import importlib
import re
import sys
import threading
import weakref

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry

from {{ cookiecutter.package_name }}.platform import metrics as metrics_face
from {{ cookiecutter.package_name }}.platform.metrics import (
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    MetricGroup,
    Summary,
    bound,
    bounded_by,
    closed,
    limited,
)
from {{ cookiecutter.package_name }}.platform.metrics import registry as registry_module
from {{ cookiecutter.package_name }}.platform.metrics.registry import (
    MetricConflict,
    MetricsRegistry,
)
from {{ cookiecutter.package_name }}.platform.web import metrics as http_metrics

LABELS = {"colour": closed("red", "blue")}


def group(**declared):
    """A metric group with these declarations."""
    return type("Group", (MetricGroup,), declared, component="example")


def test_declaring_registers_nothing_and_the_first_use_registers_everything(metrics):
    declared = group(
        count=Counter("example_total", "A count."),
        level=Gauge("example_level", "A level.", multiprocess="sum"),
    )
    assert metrics.samples() == {}
    bound(declared)
    assert metrics.samples() == {"example_total": 0.0, "example_level": 0.0}


def test_a_bound_group_is_found_again(metrics):
    declared = group(count=Counter("example_total", "A count."))
    bound(declared).count.inc()
    bound(declared).count.inc()
    assert bound(declared) is bound(declared)
    assert metrics.value("example_total") == 2.0


def test_every_type_of_metric_can_be_declared(metrics):
    everything = bound(
        group(
            count=Counter("things_total", "A count."),
            level=Gauge("level", "A level.", LABELS, multiprocess="livesum"),
            took=Histogram("took_seconds", "A time.", buckets=(1.0, 2.0)),
            size=Summary("size_bytes", "A size.", LABELS),
            build=Info("build", "A fact."),
            mood=Enum("mood", "A state.", states=("good", "bad")),
        )
    )
    everything.count.inc(3)
    everything.level.labels(colour="red").set(4)
    everything.took.observe(1.5)
    everything.size.labels("blue").observe(7)
    everything.build.info({"version": "1"})
    everything.mood.state("bad")
    assert metrics.samples() == {
        "things_total": 3.0,
        'level{colour="red"}': 4.0,
        'took_seconds_bucket{le="1.0"}': 0.0,
        'took_seconds_bucket{le="2.0"}': 1.0,
        'took_seconds_bucket{le="+Inf"}': 1.0,
        "took_seconds_count": 1.0,
        "took_seconds_sum": 1.5,
        'size_bytes_count{colour="blue"}': 1.0,
        'size_bytes_sum{colour="blue"}': 7.0,
        'build_info{version="1"}': 1.0,
        'mood{mood="good"}': 0.0,
        'mood{mood="bad"}': 1.0,
    }


def test_a_histogram_has_bounds_for_work_that_a_person_waits_for(metrics):
    bound(group(took=Histogram("took_seconds", "A time."))).took.observe(0.3)
    short, long = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25), (0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))
    counted = dict.fromkeys(short, 0.0) | dict.fromkeys(long, 1.0)
    assert metrics.histogram("took_seconds").buckets == counted


@pytest.mark.parametrize("use", ["inc", "labels"])
def test_the_class_where_the_bound_group_is_meant_says_how_to_get_it(use):
    declared = group(count=Counter("example_total", "A count.", LABELS))
    with pytest.raises(AttributeError) as refused:
        getattr(declared.count, use)("red")
    assert str(refused.value) == (
        f"example_total is only declared here, without {use}: "
        "record it on the bound group, which get_metrics() returns"
    )


def test_an_unbound_group_says_how_to_bind_it():
    declared = group(count=Counter("example_total", "A count."))
    with pytest.raises(AttributeError, match=r"use `bound\(Group\)`"):
        _ = declared().count


def test_the_same_definition_twice_is_the_same_metric(metrics):
    one = bound(group(count=Counter("example_total", "A count.", LABELS)))
    two = bound(group(count=Counter("example_total", "A count.", LABELS)))
    assert one.count is two.count
    one.count.labels("red").inc()
    two.count.labels("red").inc()
    assert metrics.value('example_total{colour="red"}') == 2.0


@pytest.mark.parametrize(
    "other",
    [
        Counter("example_total", "Another help."),
        Counter("example_total", "A count.", LABELS),
        Gauge("example_total", "A count.", multiprocess="sum"),
        Gauge("example", "A level.", multiprocess="sum"),
        Histogram("example", "A time."),
    ],
)
def test_two_definitions_of_one_name_are_a_conflict_that_names_both(other):
    bound(group(count=Counter("example_total", "A count.")))
    with pytest.raises(MetricConflict, match=r"(?s)test_registry\.py:\d+.*test_registry\.py:\d+"):
        bound(group(other=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            Gauge("level", "A level.", multiprocess="sum"),
            Gauge("level", "A level.", multiprocess="max"),
        ),
        (
            Gauge("level", "A level.", multiprocess="sum"),
            Gauge("level", "The level.", multiprocess="sum"),
        ),
        (
            Enum("mood", "A state.", states=("good", "bad")),
            Enum("mood", "A state.", states=("bad", "good")),
        ),
        (
            Enum("mood", "A state.", states=("good", "bad")),
            Enum("mood", "The state.", states=("good", "bad")),
        ),
        (
            Enum("mood", "A state.", states=("good", "bad")),
            Enum("mood", "A state.", LABELS, states=("good", "bad")),
        ),
        (
            Histogram("took_seconds", "A time.", buckets=(1.0,)),
            Histogram("took_seconds", "A time.", buckets=(2.0,)),
        ),
        (
            Counter("example_total", "A count.", {"colour": limited(2)}),
            Counter("example_total", "A count.", {"colour": limited(3)}),
        ),
        (
            Counter("example_total", "A count.", {"colour": bounded_by("the paints")}),
            Counter("example_total", "A count.", {"colour": bounded_by("the shops")}),
        ),
    ],
)
def test_definitions_that_differ_in_one_word_are_a_conflict(one, other, metrics):
    bound(group(metric=one))
    before = metrics.samples()
    with pytest.raises(MetricConflict, match="and differ: rename one, or make them equal"):
        bound(group(metric=other))
    assert metrics.samples() == before


def test_a_declared_help_is_exposed(metrics):
    bound(
        group(
            level=Gauge("level", "A level.", multiprocess="sum"),
            mood=Enum("mood", "A state.", states=("good", "bad")),
        )
    )
    assert metrics.exposition("level").splitlines()[0] == "# HELP level A level."
    assert metrics.exposition("mood").splitlines()[0] == "# HELP mood A state."


@pytest.mark.parametrize("suffix", ["_bucket", "_count", "_sum"])
def test_a_name_that_a_histogram_exports_is_taken(suffix):
    bound(group(took=Histogram("took_seconds", "A time.")))
    with pytest.raises(MetricConflict, match="took_seconds" + suffix):
        bound(group(level=Gauge("took_seconds" + suffix, "A level.", multiprocess="sum")))


def test_a_name_that_another_library_took_is_a_conflict_that_says_so():
    prometheus_client.Counter("example_total", "Made elsewhere.")
    with pytest.raises(MetricConflict, match="registered outside this registry"):
        bound(group(count=Counter("example_total", "A count.")))


def test_a_conflict_leaves_the_first_metric_as_it_was(metrics):
    first = bound(group(count=Counter("example_total", "A count.")))
    with pytest.raises(MetricConflict):
        bound(group(level=Gauge("example", "A level.", multiprocess="sum")))
    first.count.inc()
    assert metrics.samples() == {"example_total": 1.0}


ANSWERED = 'http_requests_total{endpoint="unmatched",method="GET",status="404"}'


def test_a_reloaded_module_finds_its_metrics(metrics):
    http_metrics.get_metrics().requests.labels("GET", "unmatched", "404").inc()
    again = importlib.reload(http_metrics)
    again.get_metrics().requests.labels("GET", "unmatched", "404").inc()
    assert metrics.value(ANSWERED) == 2.0


@pytest.mark.forked
def test_a_module_that_is_purged_and_imported_again_finds_its_metrics(metrics):
    http_metrics.get_metrics().requests.labels("GET", "unmatched", "404").inc()
    package = "{{ cookiecutter.package_name }}"
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
    again = importlib.import_module(package + ".platform.web.metrics")
    assert again is not http_metrics
    again.get_metrics().requests.labels("GET", "unmatched", "404").inc()
    assert metrics.value(ANSWERED) == 2.0


@pytest.mark.forked
def test_a_module_that_registers_at_import_is_reloaded_in_a_fork(registry, tmp_path, monkeypatch):
    (tmp_path / "careless.py").write_text(
        "import prometheus_client\n"
        "SEEN = prometheus_client.Counter('seen_total', 'Made at import.')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    careless = importlib.import_module("careless")
    careless.SEEN.inc()
    registry.unregister(careless.SEEN)
    importlib.reload(careless).SEEN.inc(2)
    assert registry.get_sample_value("seen_total") == 2.0


def test_threads_that_race_for_a_group_get_one(metrics):
    declared = group(count=Counter("example_total", "A count.", {"thread": limited(40)}))
    barrier = threading.Barrier(33, timeout=30)
    bound_groups = []

    def race(number: int) -> None:
        barrier.wait()
        bound_groups.append(bound(declared))
        bound(declared).count.labels(str(number % 4)).inc()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        barrier.wait()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len({id(one) for one in bound_groups}) == 1
    assert metrics.samples("example") == {
        'example_total{thread="0"}': 8.0,
        'example_total{thread="1"}': 8.0,
        'example_total{thread="2"}': 8.0,
        'example_total{thread="3"}': 8.0,
    }


class Constant:
    """A collector made elsewhere: a gauge of 1 for each name."""

    def __init__(self, *names: str, value: float = 1) -> None:
        self.names, self.value = names, value

    def collect(self):
        for name in self.names:
            yield prometheus_client.core.GaugeMetricFamily(name, "A constant.", value=self.value)


class Described(Constant):
    """A collector that says what it collects; it cannot collect it yet."""

    def describe(self):
        return super().collect()

    def collect(self):
        raise ConnectionError("not yet")


class Unreachable:
    """A collector that says nothing without its server."""

    def collect(self):
        raise ConnectionError("no server")


def safe_register(collector):
    """Register the collector; conflicts name this line."""
    metrics_face.safe_register("example", collector)


def test_a_collector_takes_the_place_of_one_like_it_and_says_so(metrics, caplog):
    first, second = Constant("constant", "another"), Constant("another", "constant", value=2)
    safe_register(first)
    safe_register(first)
    assert caplog.records == []
    safe_register(second)
    assert metrics.samples() == {"constant": 2.0, "another": 2.0}
    [said] = caplog.records
    assert re.search(r"^Constant, registered at \S+:\d+, replaces the one before$", said.message)


def test_a_collector_is_unregistered_and_its_names_are_free(metrics):
    first, second = Constant("constant"), Constant("constant", value=2)
    safe_register(first)
    safe_register(second)
    metrics_face.unregister(first)  # as an application does that was made before another one
    assert metrics.samples() == {"constant": 2.0}
    metrics_face.unregister(second)
    assert metrics.samples() == {}
    assert not metrics_face.is_component_registered("example")
    level = bound(group(level=Gauge("constant", "A level.", multiprocess="sum"))).level
    level.set(3)
    assert metrics.samples() == {"constant": 3.0}


def test_a_collector_that_cannot_even_be_asked_costs_its_own_samples_only(metrics):
    safe_register(Unreachable())
    bound(group(count=Counter("example_total", "A count."))).count.inc()
    assert metrics.samples("example") == {"example_total": 1.0}
    assert metrics.value('metrics_errors_total{component="example"}') == 2.0


def test_a_collector_of_what_is_switched_off_is_not_registered(metrics, mock_env):
    mock_env(COLLECT_EXAMPLE_METRICS="false")
    safe_register(Constant("constant"))
    assert metrics.samples() == {}


def test_another_collector_of_the_same_class_is_registered_too(metrics):
    safe_register(Constant("first"))
    safe_register(Constant("second"))
    assert metrics.samples() == {"first": 1.0, "second": 1.0}


@pytest.mark.parametrize("other", [Constant("constant", "more"), Described("constant")])
def test_another_collector_of_the_same_name_is_a_conflict_that_names_both(other, metrics):
    safe_register(Constant("constant"))
    place = r"registered at \S+test_registry\.py:\d+"
    with pytest.raises(
        MetricConflict,
        match=rf"{type(other).__name__} \({place}\) and Constant \({place}\) "
        "both export 'constant' and differ",
    ):
        safe_register(other)
    assert metrics.samples() == {"constant": 1.0}


def test_a_collector_and_a_declared_metric_of_one_name_are_a_conflict():
    bound(group(count=Counter("example_total", "A count.")))
    with pytest.raises(MetricConflict, match=r"Constant \(.*\) and example_total \(.*\) both"):
        safe_register(Constant("example_total"))


@pytest.mark.parametrize(
    "taken",
    [
        *("counter _total", "counter _created", "info _info"),
        *("gaugehistogram _bucket", "gaugehistogram _gcount", "gaugehistogram _gsum"),
        *("histogram _bucket", "histogram _count", "histogram _sum", "histogram _created"),
        *("summary _count", "summary _sum", "summary _created"),
    ],
)
def test_a_name_that_a_collector_exports_is_taken(taken):
    kind, suffix = taken.split()
    collector = Constant()
    collector.collect = lambda: [prometheus_client.Metric("jobs", "Jobs.", kind)]
    safe_register(collector)
    with pytest.raises(MetricConflict, match=f"both export 'jobs{suffix}' and"):
        bound(group(level=Gauge("jobs" + suffix, "A level.", multiprocess="sum")))


def test_a_collector_of_a_name_that_a_library_took_is_a_conflict():
    prometheus_client.Gauge("constant", "Made elsewhere.")
    with pytest.raises(MetricConflict, match="registered outside this registry"):
        safe_register(Constant("constant"))


def test_a_collector_that_has_nothing_to_say_yet_is_registered_once(metrics):
    safe_register(Constant())
    last = Constant()
    safe_register(last)
    last.names = ("late",)
    assert metrics.samples() == {"late": 1.0}


def test_a_class_that_is_imported_under_two_names_is_the_same(tmp_path, monkeypatch, metrics):
    text = (
        "from prometheus_client.core import CounterMetricFamily\n\n\n"
        "class Jobs:\n"
        "    def collect(self):\n"
        "        yield CounterMetricFamily('jobs', 'Jobs.', value=3)\n"
    )
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "jobs.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "planted")
    one, other = importlib.import_module("planted.jobs"), importlib.import_module("jobs")
    assert one.Jobs is not other.Jobs
    safe_register(one.Jobs())
    safe_register(other.Jobs())
    safe_register(importlib.reload(other).Jobs())
    assert metrics.samples() == {"jobs_total": 3.0}
    for name in ("planted.jobs", "planted", "jobs"):
        monkeypatch.delitem(sys.modules, name)


def test_the_registry_knows_which_components_it_holds():
    registered = metrics_face.is_component_registered
    assert not registered("example")
    bound(group(count=Counter("example_total", "A count.")))
    metrics_face.safe_register("another", Constant("constant"))
    assert registered("example")
    assert registered("another")
    assert not registered("third")


def test_a_reset_binds_everything_anew(metrics):
    declared = group(count=Counter("example_total", "A count."))
    bound(declared).count.inc()
    renewed = registry_module.reset_for_test()
    assert renewed.mode == "test"
    bound(declared).count.inc(5)
    assert renewed.collectors.get_sample_value("example_total") == 5.0
    assert metrics.value("example_total") == 1.0


def test_a_registry_goes_with_its_last_user(registry):
    collectors = CollectorRegistry()
    registry_module.reset_for_test(collectors)
    bound(group(count=Counter("example_total", "A count.", LABELS))).count.labels("red").inc()
    gone = weakref.ref(collectors)
    del collectors
    registry_module.reset_for_test(registry)
    gc.collect()
    assert gone() is None


def test_production_and_test_registries_are_told_apart():
    assert registry_module.active.mode == "test"
    assert MetricsRegistry(CollectorRegistry()).mode == "production"
