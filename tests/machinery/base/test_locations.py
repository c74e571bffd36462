"""The pages say where each metric is declared and who records it, from the syntax trees."""

from importlib import import_module

import pytest

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.platform.core import pages
from tools import locations
from tools.recorders import Recorders, Symbol

METRICS = '''"""The metrics of the orders."""

from functools import wraps

from ..metrics.bounds import closed
from ..metrics.factory import Counter, Enum, Gauge, Histogram, MetricGroup, bound


class OrderMetrics(MetricGroup, component="orders"):
    """What happens to orders."""

    placed = Counter("orders_placed_total", "Orders placed.", {"by": closed("hand", "robot")})
    took = Histogram("orders_duration_seconds", "Time to place an order.", buckets=(1.0, 2.0))
    mood = Enum("orders_mood", "How the robot feels.", states=("good", "bad"))
    open = Gauge("orders_open", "Orders that are open.", multiprocess="livesum")

    def count(self, by):
        self.placed.labels(by).inc()


def get_metrics() -> OrderMetrics:
    return bound(OrderMetrics)


def opened(number):
    get_metrics().open.set(number)


def timed(function):
    @wraps(function)
    def wrapped():
        with get_metrics().took.time():
            return function()

    return wrapped
'''
FACTORY = "def bound(group): ..."
COMPONENT = '''"""The component of the orders."""

from ..core.components import Component
from .metrics import OrderMetrics

component = Component(name="orders", metrics=(OrderMetrics,))
'''


@pytest.fixture(autouse=True)
def _in_the_project(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)


@pytest.fixture
def orders(plant, monkeypatch):
    """Plant the orders with this service, and have nothing else read: all the rest takes longer."""

    def add(service: str) -> None:
        folder = plant("orders", metrics=METRICS, component=COMPONENT, service=service)
        (folder.parent / "metrics").mkdir()
        (folder.parent / "metrics" / "factory.py").write_text(FACTORY)
        package = import_module("{{ cookiecutter.package_name }}")
        monkeypatch.setattr(package, "__path__", [str(folder.parent)])

    return add


@pytest.fixture
def recorders(tmp_path):
    """Write a package with these metrics and a service, and give who records each of them."""

    def find(service: str) -> dict[str, list[str]]:
        for name, text in {
            "metrics/factory": FACTORY,
            "orders/metrics": METRICS,
            "orders/service": service,
        }.items():
            file = tmp_path / f"{name}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        group = Symbol("shop.orders.metrics", "OrderMetrics")
        metrics = ("placed", "took", "open")
        found = Recorders("shop", [str(tmp_path)], map(group.member, metrics))
        places = {metric: [*map(str, found.of(group.member(metric)))] for metric in metrics}
        return {**places, "unfollowed": [*map(str, found.unfollowed())]}

    return find


def test_the_pages_of_this_service_are_up_to_date(capsys):
    assert main(["metrics", "locations", "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_index_names_no_component(request):
    index = (request.config.rootpath / "docs/metric-locations/index.md").read_text()
    assert "make metrics-docs" in index
    pages = [path.stem for path in (request.config.rootpath / "docs/metric-locations").glob("*.md")]
    assert {"http", "index", "metrics"} <= set(pages)
    assert [page for page in pages if f"{page}.md" in index] == []


def test_a_call_of_the_groups_binder_is_followed(recorders):
    found = recorders(
        "from .metrics import get_metrics\n\n\n"
        "def place():\n    get_metrics().placed.labels('hand').inc()\n\n\n"
        "class Robot:\n    def place(self):\n        get_metrics().placed.labels('robot').inc(2)\n"
    )
    assert found["placed"] == [
        "orders/metrics.py: OrderMetrics.count",
        "orders/service.py: Robot.place",
        "orders/service.py: place",
    ]


def test_values_are_followed_through_variables_attributes_and_containers(recorders):
    found = recorders(
        "from . import metrics as ours\n\n\n"
        "def local():\n    bound = ours.get_metrics()\n    child = bound.placed.labels('hand')\n"
        "    child.inc()\n\n\n"
        "def nested():\n    took = ours.get_metrics().took\n\n"
        "    def inner():\n        took.observe(1)\n\n    return inner\n\n\n"
        "def several():\n    first, second = ours.get_metrics().took, 1\n    first.observe(second)\n"
        "    for one in [ours.get_metrics().open]:\n        one.dec()\n\n\n"
        "class Kept:\n    def __init__(self):\n        self._children = {}\n\n"
        "    def child(self, by):\n"
        "        self._children[by] = ours.get_metrics().placed.labels(by)\n"
        "        return self._children[by]\n\n"
        "    def record(self, by):\n        self.child(by).inc()\n\n"
        "    def again(self, by):\n        self._children[by].inc()\n"
    )
    assert found == {
        "placed": [
            "orders/metrics.py: OrderMetrics.count",
            "orders/service.py: Kept.again",
            "orders/service.py: Kept.record",
            "orders/service.py: local",
        ],
        "took": [
            "orders/metrics.py: timed",
            "orders/service.py: nested",
            "orders/service.py: several",
        ],
        "open": ["orders/metrics.py: opened", "orders/service.py: several"],
        "unfollowed": [],
    }


def test_functions_decorators_and_methods_of_the_metrics_module_stand_for_their_users(recorders):
    found = recorders(
        "from .metrics import OrderMetrics, get_metrics, opened, timed\n\n\n"
        "@timed\ndef place():\n    get_metrics().count('hand')\n\n\n"
        "async def close(metrics: OrderMetrics):\n    opened(0)\n    metrics.count('robot')\n"
    )
    assert found == {
        "placed": ["orders/service.py: close", "orders/service.py: place"],
        "took": ["orders/service.py: place"],
        "open": ["orders/service.py: close"],
        "unfollowed": [],
    }


def test_a_name_that_only_looks_the_same_is_not_taken_for_a_metric(recorders):
    found = recorders(
        "from threading import Event\n\nopen = Event()\n\n\n"
        "def place(opened):\n    opened(5)\n    open.set()\n    'placed.labels(by).inc()'\n\n\n"
        "def read():\n    from .metrics import get_metrics\n    return get_metrics().open\n"
    )
    assert found == {
        "placed": ["orders/metrics.py: OrderMetrics.count"],
        "took": ["orders/metrics.py: timed"],
        "open": ["orders/metrics.py: opened"],
        "unfollowed": [],
    }


def test_a_metric_handed_to_other_code_counts_as_recorded(recorders):
    found = recorders(
        "from functools import partial\n\nfrom .metrics import get_metrics\n\n\n"
        "def later():\n    return partial(get_metrics().open.inc)\n\n\n"
        "def other(use):\n    use(get_metrics().took)\n"
    )
    assert found["open"] == ["orders/metrics.py: opened", "orders/service.py: later"]
    assert "orders/service.py: other" in found["took"]


def test_annotated_variables_and_attributes_are_followed(recorders):
    found = recorders(
        "from .metrics import OrderMetrics\n\n\n"
        "class Robot:\n    metrics: OrderMetrics\n\n"
        "    def place(self):\n        self.metrics.took.observe(1)\n\n\n"
        "def close(made):\n    metrics: OrderMetrics = made\n    metrics.open.dec()\n"
    )
    assert found["took"] == ["orders/metrics.py: timed", "orders/service.py: Robot.place"]
    assert found["open"] == ["orders/metrics.py: opened", "orders/service.py: close"]
    assert found["unfollowed"] == []


def test_what_cannot_be_followed_is_said(recorders):
    found = recorders(
        "from .metrics import get_metrics\n\n\n"
        "def given(metrics):\n    metrics.open.dec()\n\n\n"
        "def named(name):\n    getattr(get_metrics(), name).observe(1)\n\n\n"
        "def known():\n    get_metrics().open.dec()\n\n\n"
        "class Other:\n    def __init__(self, observe):\n        self.observe = observe\n"
    )
    assert found["unfollowed"] == ["orders/service.py: given", "orders/service.py: named"]
    assert found["open"] == ["orders/metrics.py: opened", "orders/service.py: known"]


def test_the_terminal_names_what_cannot_be_followed_with_the_cure(plant, capsys):
    service = "def close(gauge):\n    gauge.dec()\n"
    plant("orders", metrics=METRICS, component=COMPONENT, service=service)
    assert main(["metrics", "locations"]) == 0
    assert capsys.readouterr().err == (
        "orders/service.py:1: close records a metric, the source does not tell which one: "
        "take it from get_metrics() there, or annotate it with its group\n"
    )


def test_the_source_of_the_service_is_followed_everywhere(capsys):
    assert main(["metrics", "locations"]) == 0
    assert capsys.readouterr().err == ""


def test_a_process_reads_its_source_once(orders, plant):
    orders("")
    first = locations.read()
    assert locations.read() is first
    plant("robots", metrics=_of_robots(METRICS), component=_of_robots(COMPONENT))
    assert locations.read() is not first


def _of_robots(text):
    return text.replace("orders", "robots").replace("Order", "Robot")


def test_pages_and_terminal_say_the_same_but_for_line_numbers(orders):
    orders("from .metrics import opened\n\n\ndef close():\n    opened(0)\n")
    located = locations.locate()
    page = locations.pages(located)["orders"]
    assert page.partition("## `orders_open`")[2] == (
        "\n\nOrders that are open.\n\n| | |\n|---|---|\n| type | gauge |\n"
        "| several workers | `livesum` |\n"
        "| declared in | `orders/metrics.py: OrderMetrics.open` |\n"
        "| recorded by | `orders/service.py: close` |\n"
    )
    assert "| buckets | 1, 2 |\n" in page
    assert "| states | `good`, `bad` |\n" in page
    assert "| label `by` | `hand`, `robot` |\n" in page
    assert "| recorded by | nothing in this package |\n" in page
    text = "\n".join(locations.lines(located))
    assert (
        "orders_open\n"
        "    declared  orders/metrics.py:15 OrderMetrics.open\n"
        "    recorded  orders/service.py:4 close"
    ) in text


def test_stale_missing_and_orphaned_pages_are_named_with_the_cure(tmp_path):
    pages.write(tmp_path, {"gone": "# Gone\n", "http": "# Old\n", "same": "# Same\n"})
    (tmp_path / "own.md").write_text("# Written by hand\n")
    wanted = {"http": "# New\n", "orders": "# Orders\n", "same": "# Same\n"}
    assert pages.stale(tmp_path, wanted, "make it") == [
        f"{tmp_path}/http.md is stale: run `make it`",
        f"{tmp_path}/orders.md is missing: run `make it`",
        f"{tmp_path}/gone.md belongs to no component: delete it, or run `make it`",
    ]
    assert pages.write(tmp_path, wanted) == [
        f"wrote {tmp_path}/http.md",
        f"wrote {tmp_path}/orders.md",
        f"removed {tmp_path}/gone.md",
    ]
    assert pages.stale(tmp_path, wanted, "make it") == []
    assert pages.write(tmp_path, wanted) == [f"{tmp_path} is up to date"]
    assert (tmp_path / "own.md").read_text() == "# Written by hand\n"


def test_a_page_that_is_not_as_the_code_says_ends_the_check_with_code_1(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(locations, "locate", list)
    pages.write(tmp_path / "docs/metric-locations", {"gone": "# Gone\n"})
    assert main(["metrics", "locations", "--check"]) == 1
    assert capsys.readouterr().out == (
        "docs/metric-locations/gone.md belongs to no component: "
        "delete it, or run `make metrics-docs`\n"
    )
    assert main(["metrics", "locations", "--write"]) == 0
    assert capsys.readouterr().out == "removed docs/metric-locations/gone.md\n"
    assert main(["metrics", "locations", "--check"]) == main(["metrics", "locations"]) == 0
    assert capsys.readouterr().out == ""
