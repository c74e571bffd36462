"""Several workers are one for whoever scrapes: sums, limits and gauges, whoever answers."""

import importlib
import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import inf, nan

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from {{ cookiecutter.package_name }}.platform.core.lifecycle import Lifecycle
from {{ cookiecutter.package_name }}.platform.health.report import Health
from {{ cookiecutter.package_name }}.platform.metrics import (
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    MetricGroup,
    bound,
    limited,
    safe_register,
)
from {{ cookiecutter.package_name }}.platform.metrics import registry as metrics_registry
from {{ cookiecutter.package_name }}.platform.metrics.registry import MetricsSettings, render
from {{ cookiecutter.package_name }}.platform.workers.pool import SPARE, Workers

pytestmark = pytest.mark.forked

OWN = ("process_", "python_")


class Worker:
    """Stands for gunicorn's object of a worker."""


class Visits(MetricGroup, component="visits"):
    """Metrics with a label from clients."""

    visits = Counter("visits_total", "Visits.", labels={"page": limited(1000)})
    stays = Histogram("stays_seconds", "Stays.", labels={"page": limited(1000)}, buckets=(1.0, 2.0))


@pytest.fixture
def workers(registry) -> Workers:
    """Workers that share, as `serve` makes them; this process is the server."""
    workers = Workers(4)
    workers.share(registry)
    return workers


def start(workers: Workers, action: Callable[[], object]) -> tuple[Worker, int]:
    """Fork a worker as gunicorn does."""
    worker = Worker()
    workers.before_fork(None, worker)
    process = os.fork()
    if process == 0:
        try:
            workers.after_fork(None, worker)
            action()
            os._exit(0)
        finally:
            os._exit(1)
    return worker, process


def run(workers: Workers, *actions: Callable[[], object], ended: bool = True) -> None:
    """Let a worker do each of these, all at once, and wait for their end."""
    for worker, process in [start(workers, action) for action in actions]:
        assert os.waitpid(process, 0)[1] == 0
        if ended:
            workers.after_end(None, worker)


def shown() -> dict[str, float]:
    """What a scrape shows, without what processes say of themselves."""
    lines = [
        line for line in render(None)[0].decode().splitlines() if not line.startswith(("#", *OWN))
    ]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_counts_of_all_workers_are_summed_whoever_ended(workers):
    def work(times: int) -> None:
        for _ in range(times):
            bound(Visits).visits.labels("/").inc(0.5)
            bound(Visits).stays.labels("/").observe(times)

    run(workers, partial(work, 1), partial(work, 2))
    run(workers, partial(work, 3), ended=False)
    work(4)
    assert shown() == {
        'visits_total{page="/"}': 5.0,
        'stays_seconds_sum{page="/"}': 1 + 4 + 9 + 16,
        'stays_seconds_bucket{le="1.0",page="/"}': 1.0,
        'stays_seconds_bucket{le="2.0",page="/"}': 3.0,
        'stays_seconds_bucket{le="+Inf",page="/"}': 10.0,
        'stays_seconds_count{page="/"}': 10.0,
    }


def test_every_worker_answers_the_same(workers):
    bound(Visits)
    run(workers, bound(Visits).visits.labels("/").inc, ended=False)
    before = shown()

    def same() -> None:
        assert shown() == before == {'visits_total{page="/"}': 1.0}

    run(workers, same, same)


def record(seed: int, client) -> None:
    """Count with prometheus_client's own metrics, at random."""
    rng = random.Random(seed)
    for _ in range(200):
        a = str(rng.randrange(5))
        client["counter"].labels(a, str(rng.randrange(3))).inc(rng.randrange(9))
        client["plain"].inc()
        client["odd"].labels('"\\\n \u2028}').inc(2**60 if a == "1" else 0.25)
        client["histogram"].labels(a).observe(rng.randrange(200) / 8)
        client["summary"].labels(a).observe(rng.randrange(9))
    for mode in MODES:
        client[mode].labels("x").set(rng.randrange(1, 100))


MODES = (
    "sum",
    "max",
    "min",
    "mostrecent",
    "all",
    "livesum",
    "livemax",
    "livemin",
    "livemostrecent",
    "liveall",
)


def metrics_of_client(registry: CollectorRegistry | None) -> dict[str, object]:
    """One metric of each type, and a gauge of each mode."""
    return {
        "counter": prometheus_client.Counter("c", "C.", ["a", "b"], registry=registry),
        "plain": prometheus_client.Counter("plain", "No labels.", registry=registry),
        "odd": prometheus_client.Counter("odd", "A \\ and a\nline.", ["a"], registry=registry),
        "histogram": prometheus_client.Histogram(
            "h", "H.", ["a"], buckets=(0.1, 1, 10), registry=registry
        ),
        "summary": prometheus_client.Summary("s", "S.", ["a"], registry=registry),
        **{
            mode: prometheus_client.Gauge(
                f"g_{mode}", "G.", ["a"], multiprocess_mode=mode, registry=registry
            )
            for mode in MODES
        },
    }


def samples(text: str, parse) -> dict[tuple[str, ...], object]:
    """Type, help and samples of each family; process ids are not compared."""
    found: dict[tuple[str, ...], object] = {}
    for family in parse(text):
        if family.name.startswith(OWN):
            continue
        found[family.name, "about"] = (family.type, family.documentation)
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "pid"}
            found.setdefault((sample.name, json.dumps(sorted(labels.items()))), []).append(
                sample.value
            )
    return {key: sorted(value) for key, value in found.items()}


@pytest.mark.parametrize(
    ("encode", "parse"), [(generate_latest, parse_text), (generate_openmetrics, parse_openmetrics)]
)
def test_several_processes_read_as_prometheus_client_itself_reads_them(
    registry, tmp_path, monkeypatch, encode, parse
):
    multiprocess = importlib.import_module("prometheus_client.multiprocess")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    values.ValueClass = values.MultiProcessValue()
    theirs = metrics_of_client(None)
    for seed in range(3):
        process = os.fork()
        if process == 0:
            record(seed, theirs)
            os._exit(0)
        assert os.waitpid(process, 0)[1] == 0
    expected = encode(multiprocess.MultiProcessCollector(None)).decode()

    workers = Workers(4)
    workers.share(registry)
    ours = metrics_of_client(None)
    for seed in range(3):
        run(workers, partial(record, seed, ours), ended=False)
    text = encode(workers.collector).decode()
    assert samples(text, parse) == samples(expected, parse)


def test_a_gauge_counts_the_living_and_keeps_what_its_mode_says_of_the_ended(workers):
    class Levels(MetricGroup, component="levels"):
        open = Gauge("levels_open", "Open.", multiprocess="livesum")
        most = Gauge("levels_most", "Most.", multiprocess="max")

    def work(number: float) -> None:
        bound(Levels).open.inc(number)
        bound(Levels).most.set(number)

    run(workers, partial(work, 5), partial(work, 3))
    assert shown() == {"levels_open": 0.0, "levels_most": 5.0}
    run(workers, partial(work, 2), partial(work, 4), ended=False)
    bound(Levels).open.inc(100)  # the server's own is no worker's
    assert shown() == {"levels_open": 6.0, "levels_most": 5.0}


def test_a_killed_worker_leaves_no_phantom_and_loses_no_count(workers):
    class Requests(MetricGroup, component="requests"):
        served = Counter("requests_total", "Requests.")
        open = Gauge("requests_open", "Open.", multiprocess="livesum")

    def work() -> None:
        for _ in range(100):
            bound(Requests).open.inc()
            bound(Requests).served.inc()
        os.kill(os.getpid(), signal.SIGKILL)

    for times in (1, 2, 3):
        worker, process = start(workers, work)
        os.waitpid(process, 0)
        workers.after_end(None, worker)
        assert shown() == {"requests_total": 100.0 * times, "requests_open": 0.0}


def test_what_the_server_counts_before_the_fork_is_shown_and_its_gauges_are_not(workers):
    class Pool(MetricGroup, component="pool"):
        opened = Counter("pool_opened_total", "Opened.")
        open = Gauge("pool_open", "Open.", multiprocess="livesum")

    bound(Pool).opened.inc()
    bound(Pool).open.inc()
    run(workers, bound(Pool).open.inc, ended=False)
    assert shown() == {"pool_opened_total": 1.0, "pool_open": 1.0}


def test_workers_past_those_that_can_count_together_serve_all_the_same(workers, caplog):
    run(workers, *[bound(Visits).visits.labels("/").inc] * (4 + SPARE), ended=False)
    assert shown()['visits_total{page="/"}'] == 4 + SPARE
    run(workers, bound(Visits).visits.labels("/").inc)
    assert "more workers than count together" in caplog.text
    assert shown()['visits_total{page="/"}'] == 4 + SPARE


def test_the_workers_that_follow_each_other_take_no_more_columns(workers):
    for _ in range(50):
        run(workers, bound(Visits).visits.labels("/").inc)
    assert shown()['visits_total{page="/"}'] == 50.0


def test_what_is_in_no_table_is_that_of_the_worker_that_answers(workers):
    class Letters(MetricGroup, component="letters"):
        sent = Counter("letters_sent_total", "Letters sent.")
        office = Info("office", "The office.")
        door = Enum("door", "The door.", states=["open", "shut"])

    class Waiting:
        def collect(self) -> Iterator[GaugeMetricFamily]:
            yield GaugeMetricFamily("letters_waiting", "Letters that wait.", value=3)

    letters = bound(Letters)
    letters.sent.inc()
    letters.office.info({"town": "Bern"})
    letters.door.state("shut")
    safe_register("post", Waiting())
    safe_register("process", prometheus_client.ProcessCollector(registry=None))
    assert shown() == {
        "letters_sent_total": 1.0,
        'office_info{town="Bern"}': 1.0,
        'door{door="open"}': 0.0,
        'door{door="shut"}': 1.0,
        "letters_waiting": 3.0,
    }
    body = render(None)[0].decode()
    assert body.count("\nprocess_cpu_seconds_total ") == body.count("\npython_info{") == 1


def test_what_was_made_too_early_is_named_and_shown_by_the_worker_that_answers(registry, caplog):
    early = prometheus_client.Counter("early", "Made at import.")
    labelled = prometheus_client.Counter("labelled", "Made at import, its children are not.", ["a"])
    workers = Workers(4)
    workers.share(registry)
    assert [record.getMessage().partition(" ")[0] for record in caplog.records] == [
        "early",
        "labelled",
    ]
    early.inc()

    def work() -> None:
        early.inc()
        labelled.labels("x").inc()
        assert shown() == {"early_total": 2.0, 'labelled_total{a="x"}': 1.0}

    run(workers, work)
    assert shown() == {"early_total": 1.0, 'labelled_total{a="x"}': 1.0}


def test_a_value_that_is_no_finite_number_fails_no_scrape(workers):
    sums = prometheus_client.Summary("s", "S.", ["case"])
    cases = {"inf": (0.1, inf, inf), "nan": (inf, -inf, nan), "large": (1e308, 1e308, inf)}

    def work(which: int) -> None:
        for case, numbers in cases.items():
            sums.labels(case).observe(numbers[which])

    run(workers, partial(work, 0), partial(work, 1))
    found = {case: shown()[f's_sum{{case="{case}"}}'] for case in cases}
    assert str(found) == str({case: numbers[2] for case, numbers in cases.items()})


def test_a_limit_on_label_sets_holds_for_all_workers_and_sums_stay_exact(workers, patch_settings):
    patch_settings(MetricsSettings, metrics_max_series=10)

    def flood(process: str) -> None:
        for number in range(40):
            for page in (f"of {process}, {number}", f"of all, {number}"):
                bound(Visits).visits.labels(page).inc(0.5)
                bound(Visits).stays.labels(page).observe(number)

    run(workers, *(partial(flood, process) for process in "abcd"))
    for name, total in (("visits_total", 160), ("stays_seconds_count", 320)):
        series = {key: value for key, value in shown().items() if key.startswith(name)}
        assert sum(series.values()) == total
        assert len([key for key in series if "_overflow" not in key]) == 10
        assert len(series) == 11
    run(workers, partial(flood, "later"))
    assert len([key for key in shown() if key.startswith("visits_total")]) == 11


def test_what_one_worker_admitted_every_other_takes(workers, patch_settings):
    patch_settings(MetricsSettings, metrics_max_series=2)
    visits = bound(Visits).visits
    run(workers, lambda: visits.labels("/a").inc())
    run(workers, lambda: visits.labels("/b").inc())
    for page in ("/a", "/b", "/c"):
        visits.labels(page).inc()
    assert shown() == {
        'visits_total{page="/a"}': 2.0,
        'visits_total{page="/b"}': 2.0,
        'visits_total{page="_overflow"}': 1.0,
        'metrics_overflow_total{metric="visits_total"}': 1.0,
    }


def test_scrapes_at_once_are_all_whole_while_workers_count(workers):
    visits = bound(Visits).visits

    def work() -> None:
        for number in range(300):
            visits.labels(str(number)).inc()

    def visited() -> dict[str, float]:
        return {name: value for name, value in shown().items() if name.startswith("visits_total")}

    started = [start(workers, work) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        totals = list(pool.map(lambda _: sum(visited().values()), range(40)))
    for _, process in started:
        assert os.waitpid(process, 0)[1] == 0
    assert all(0 <= total <= 900 for total in totals)
    assert sum(visited().values()) == 900.0
    # On a busy machine one may wait too long for the ledger, and count in _overflow.
    assert len(visited().keys() - {'visits_total{page="_overflow"}'}) == 300


def test_the_health_report_speaks_for_one_of_them(workers):
    assert Health(Lifecycle([]), []).report()[1]["scope"] == "one"
    metrics_registry.reset_for_test()
    assert Health(Lifecycle([]), []).report()[1]["scope"] == "all"
