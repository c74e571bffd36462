"""No label set comes from a client without a limit, and sums stay exact past it."""

import gc
import threading
import time
from enum import Enum as Enumeration

import pytest

from {{ cookiecutter.package_name }}.platform.core import limits
from {{ cookiecutter.package_name }}.platform.metrics import (
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    LabelError,
    MetricGroup,
    bound,
    bounded_by,
    closed,
    limited,
)
from {{ cookiecutter.package_name }}.platform.metrics.registry import MetricsSettings


class Visits(MetricGroup, component="example"):
    """Metrics with every kind of label."""

    visits = Counter(
        "visits_total",
        "Visits.",
        labels={"kind": closed("short", "long"), "page": limited(1000)},
    )
    waits = Histogram("waits_seconds", "Waits.", labels={"page": limited(2)}, buckets=(1.0,))
    routes = Counter("routes_total", "Routes.", labels={"route": bounded_by("the routes")})


def test_label_sets_past_the_limit_overflow_and_the_sum_stays_exact(metrics, patch_settings):
    patch_settings(MetricsSettings, metrics_max_series=3)
    visits = bound(Visits).visits
    for number in range(10):
        visits.labels("short", f"/{number}").inc(2)
    assert metrics.samples("visits") == {
        'visits_total{kind="short",page="/0"}': 2.0,
        'visits_total{kind="short",page="/1"}': 2.0,
        'visits_total{kind="short",page="/2"}': 2.0,
        'visits_total{kind="short",page="_overflow"}': 14.0,
    }
    assert metrics.value('metrics_overflow_total{metric="visits_total"}') == 7.0


def test_a_repeated_flood_adds_no_series(metrics, patch_settings):
    patch_settings(MetricsSettings, metrics_max_series=3)
    for _ in range(2):
        for number in range(10):
            bound(Visits).visits.labels("long", f"/{number}").inc()
        assert metrics.series("visits_total") == 4


def test_a_known_label_set_is_recorded_after_an_overflow(metrics, patch_settings):
    patch_settings(MetricsSettings, metrics_max_series=1)
    visits = bound(Visits).visits
    visits.labels("short", "/a").inc()
    visits.labels("short", "/b").inc()
    visits.labels("short", "/a").inc()
    assert metrics.value('visits_total{kind="short",page="/a"}') == 2.0


def test_a_label_keeps_to_its_own_limit(metrics):
    for page in ("a", "b", "c", "a", "d"):
        bound(Visits).waits.labels(page).observe(0.5)
    assert metrics.histogram("waits_seconds", page="a").count == 2
    overflow = metrics.histogram("waits_seconds", page="_overflow")
    assert overflow == (2.0, 1.0, {1.0: 2.0, float("inf"): 2.0})


def test_new_label_sets_of_all_metrics_share_a_minute(metrics, patch_settings, monkeypatch):
    now = 0.0
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    patch_settings(MetricsSettings, max_metrics_per_minute=2)
    bound(Visits).waits.labels("/a").observe(1)
    bound(Visits).visits.labels("short", "/a").inc()
    bound(Visits).visits.labels("short", "/b").inc()
    assert metrics.value('visits_total{kind="short",page="_overflow"}') == 1.0
    now = 60.0
    bound(Visits).visits.labels("short", "/b").inc()
    assert metrics.value('visits_total{kind="short",page="/b"}') == 1.0


def test_what_counts_the_overflow_is_never_cut_off_itself(metrics, patch_settings):
    patch_settings(MetricsSettings, metrics_max_series=1, max_metrics_per_minute=1)
    bound(Visits).visits.labels("short", "/a").inc()
    bound(Visits).visits.labels("short", "/b").inc(2)
    bound(Visits).waits.labels("/a").observe(0.5)
    assert metrics.value('visits_total{kind="short",page="_overflow"}') == 2.0
    assert metrics.histogram("waits_seconds", page="_overflow").count == 1.0
    assert metrics.samples("metrics_overflow") == {
        'metrics_overflow_total{metric="visits_total"}': 1.0,
        'metrics_overflow_total{metric="waits_seconds"}': 1.0,
    }


def test_what_only_the_code_can_name_draws_on_no_limit(metrics, patch_settings):
    patch_settings(MetricsSettings, metrics_max_series=2, max_metrics_per_minute=2)
    for number in range(10):
        bound(Visits).routes.labels(f"/{number}").inc()
        bound(Visits).visits.labels("short", f"/{number}").inc()
    bound(Visits).visits.labels("long", "/0").inc()
    assert metrics.series("routes_total") == 10
    assert metrics.samples("visits") == {
        'visits_total{kind="short",page="/0"}': 1.0,
        'visits_total{kind="short",page="/1"}': 1.0,
        'visits_total{kind="short",page="_overflow"}': 8.0,
        'visits_total{kind="long",page="_overflow"}': 1.0,
    }
    assert metrics.value('metrics_overflow_total{metric="visits_total"}') == 9.0


def test_a_value_is_cut_off_before_it_is_admitted(metrics):
    for end in ("", "b", "c" * 1_000_000):
        bound(Visits).waits.labels("a" * 128 + end).observe(0.5)
        bound(Visits).routes.labels("a" * 128 + end).inc()
    assert metrics.histogram("waits_seconds", page="a" * 128).count == 3
    assert metrics.samples("routes") == {'routes_total{route="' + "a" * 128 + '"}': 3.0}


def test_a_closed_value_is_as_long_as_it_is_declared(metrics):
    level = Counter("level_total", "Levels.", labels={"level": closed("a" * 200)})
    levels = bound(type("Levels", (MetricGroup,), {"level": level}, component="example"))
    levels.level.labels("a" * 200).inc()
    assert metrics.samples("level") == {'level_total{level="' + "a" * 200 + '"}': 1.0}


def test_a_value_outside_a_closed_set_is_refused_with_the_set():
    with pytest.raises(
        LabelError, match=r"^visits_total: kind='middling' is not one of long, short"
    ):
        bound(Visits).visits.labels("middling", "/a")


@pytest.mark.parametrize(("known", "more"), [(20, ""), (21, ", …")])
def test_a_refusal_lists_twenty_values_and_says_that_there_are_more(known, more):
    values = [f"v{number}" for number in range(10, 10 + known)]
    level = Counter("level_total", "Levels.", labels={"level": closed(*values)})
    levels = bound(type("Levels", (MetricGroup,), {"level": level}, component="example"))
    with pytest.raises(LabelError) as refused:
        levels.level.labels("v9")
    listed = ", ".join(values[:20]) + more
    assert str(refused.value) == f"level_total: level='v9' is not one of {listed}"


@pytest.mark.parametrize(
    ("positional", "named"),
    [
        (("short",), {}),
        (("short", "/a", "b"), {}),
        ((), {"kind": "short"}),
        ((), {"kind": "short", "paeg": "/a"}),
        (("short",), {"page": "/a"}),
        (("short", "/a"), {"page": "/a"}),
        (("short",), {"kind": "short", "page": "/a"}),
        ((), {}),
    ],
)
def test_labels_that_do_not_fit_are_refused(positional, named):
    with pytest.raises(
        LabelError, match=r"^visits_total: labels are kind, page: give each, by position or name"
    ):
        bound(Visits).visits.labels(*positional, **named)


@pytest.mark.parametrize("known", [False, True])
def test_what_is_too_much_is_refused_for_a_known_label_set_too(known):
    if known:
        bound(Visits).routes.labels("/a")
    with pytest.raises(LabelError, match="routes_total: labels are route: give each"):
        bound(Visits).routes.labels("/a", page="/b")


def test_labels_where_there_are_none_to_give_are_refused():
    plain = Counter("plain_total", "No labels.")
    group = type("Group", (MetricGroup,), {"plain": plain}, component="example")
    for metric in (bound(group).plain, bound(Visits).routes.labels("/a")):
        with pytest.raises(LabelError, match=r"(plain_total|a label set): labels are none: give"):
            metric.labels("/b")
        with pytest.raises(LabelError, match="labels are none: give"):
            metric.labels()


class Page(str, Enumeration):  # noqa: UP042 - its text is another than that of StrEnum
    """Equal to a text, and written otherwise."""

    HOME = "home"


@pytest.mark.parametrize("order", [1, -1])
def test_values_are_the_same_where_their_texts_are_whichever_comes_first(metrics, order):
    routes = bound(Visits).routes
    for value in [1, "1", True, 1.0, "home", Page.HOME][::order]:
        routes.labels(value).inc()
        routes.labels(route=value).inc()
        routes.labels(value).inc()
    assert metrics.samples("routes") == {
        'routes_total{route="1"}': 6.0,
        'routes_total{route="True"}': 3.0,
        'routes_total{route="1.0"}': 3.0,
        'routes_total{route="home"}': 3.0,
        'routes_total{route="Page.HOME"}': 3.0,
    }


@pytest.mark.parametrize("remove", ["remove", "remove_by_labels", "clear"])
def test_a_label_set_stays_and_whoever_removes_it_is_told_so(remove, metrics):
    routes = bound(Visits).routes
    routes.labels("/a").inc()
    with pytest.raises(NotImplementedError, match="label sets are few, and stay: set a gauge to 0"):
        getattr(routes, remove)("/a")
    assert metrics.samples("routes") == {'routes_total{route="/a"}': 1.0}


def test_a_value_that_is_no_utf_8_is_exposed_with_question_marks(metrics):
    for _ in range(2):
        bound(Visits).visits.labels("short", "caf\udce9").inc()
    assert 'page="caf?"} 2.0' in metrics.exposition("visits_total")


@pytest.mark.parametrize(
    ("declare", "options"),
    [(Gauge, {"multiprocess": "sum"}), (Enum, {"states": ("on", "off")}), (Info, {})],
)
def test_a_level_whose_overflow_would_add_up_to_nonsense_is_refused(declare, options):
    with pytest.raises(
        LabelError, match=r"^level is of type \w+: make page closed or bounded_by: _overflow cannot"
    ):
        declare("level", "A level.", {"kind": closed("a"), "page": limited(3)}, **options)


@pytest.mark.parametrize("labels", [["kind"], "kind", ("kind",)])
def test_labels_as_prometheus_client_has_them_are_refused_with_what_is_right(labels):
    with pytest.raises(LabelError) as refused:
        Counter("jobs_total", "Jobs.", labels=labels)
    assert str(refused.value) == (
        "jobs_total must say what each label may be: "
        'labels={"kind": closed("a", "b")}, or bounded_by("the kinds"), or limited(50)'
    )


class Leftover:
    """Records when the garbage collector ends it."""

    def __init__(self, record):
        self.record, self.self = record, self

    def __del__(self):
        self.record()


@pytest.mark.parametrize("moment", [(limits, "monotonic"), (time, "time")])
def test_a_finalizer_may_record_while_a_label_set_is_admitted_or_made(moment, metrics, monkeypatch):
    visits, asked = bound(Visits).visits, getattr(*moment)
    Leftover(lambda: visits.labels("short", "/left").inc())

    def ask_and_collect() -> float:
        gc.collect()
        return asked()

    monkeypatch.setattr(*moment, ask_and_collect)
    recorder = threading.Thread(target=lambda: visits.labels("long", "/new").inc(), daemon=True)
    recorder.start()
    recorder.join(10)
    assert not recorder.is_alive()
    assert metrics.samples("visits") == {
        'visits_total{kind="long",page="/new"}': 1.0,
        'visits_total{kind="short",page="/left"}': 1.0,
    }
