"""The pages say where each metric is declared and which functions name it, from the syntax trees."""

from importlib import import_module

import pytest
from tools import locations, pages
from tools.__main__ import main

METRICS = '''"""The metrics of the orders."""

from ..platform.metrics import Counter, Enum, Gauge, Histogram, MetricGroup, closed, getter


class OrderMetrics(MetricGroup, component="orders"):
    """What happens to orders."""

    placed = Counter("orders_placed_total", "Orders placed.", {"by": closed("hand", "robot")})
    took = Histogram("orders_duration_seconds", "Time to place an order.", buckets=(1.0, 2.0))
    mood = Enum("orders_mood", "How the robot feels.", states=("good", "bad"))
    open = Gauge("orders_open", "Orders that are open.", multiprocess="livesum")

    def count(self, by):
        self.placed.labels(by).inc()


get_metrics = getter(OrderMetrics)
'''
COMPONENT = '''"""The component of the orders."""

from ..platform.core import Component
from .metrics import OrderMetrics

component = Component(name="orders", metrics=(OrderMetrics,))
'''


@pytest.fixture(autouse=True)
def _in_the_project(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)


@pytest.fixture
def page(plant):
    """Plant the orders with this service, and give the sections of their page by the metric."""

    def read(service: str) -> dict[str, str]:
        plant("orders", metrics=METRICS, component=COMPONENT, service=service)
        sections = locations.pages()["orders"].split("\n## ")[1:]
        return {
            name.strip("`"): text for name, _, text in (one.partition("\n") for one in sections)
        }

    return read


def recorded(section: str) -> str:
    """What the section says of who records the metric."""
    return section.partition("| recorded by | ")[2].partition(" |\n")[0]


def test_the_pages_of_this_service_are_up_to_date(capsys):
    assert main(["locations", "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_index_names_no_component(request):
    index = (request.config.rootpath / "docs/metric-locations/index.md").read_text()
    assert "make metrics-docs" in index
    pages = [path.stem for path in (request.config.rootpath / "docs/metric-locations").glob("*.md")]
    assert {"http", "index", "metrics"} <= set(pages)
    assert [page for page in pages if f"{page}.md" in index] == []


def test_a_section_says_what_is_declared_where_and_which_functions_name_it(page):
    sections = page(
        "from .metrics import get_metrics\n\n\ndef close():\n    get_metrics().open.dec()\n"
    )
    assert sections["orders_open"] == (
        "\nOrders that are open.\n\n| | |\n|---|---|\n| type | gauge |\n"
        "| several workers | `livesum` |\n"
        "| declared in | `orders/metrics.py: OrderMetrics.open` |\n"
        "| recorded by | `orders/service.py: close` |\n"
    )
    assert "| buckets | 1, 2 |\n" in sections["orders_duration_seconds"]
    assert "| states | `good`, `bad` |\n" in sections["orders_mood"]
    assert "| label `by` | `hand`, `robot` |\n" in sections["orders_placed_total"]
    assert recorded(sections["orders_duration_seconds"]) == "no function of this package"


@pytest.mark.parametrize(
    ("known_by", "placed"),
    [
        ("from .metrics import get_metrics", "get_metrics().placed"),
        ("from . import metrics as ours", "ours.get_metrics().placed"),
        ("import {{ cookiecutter.package_name }}.orders.metrics as ours", "ours.get_metrics().placed"),
        ("from {{ cookiecutter.package_name }}.orders.metrics import get_metrics", "get_metrics().placed"),
    ],
)
def test_functions_methods_and_what_is_nested_in_them_are_found(page, known_by, placed):
    sections = page(
        f"{known_by}\n\n\n"
        f"async def place():\n    {placed}.labels('hand').inc()\n\n\n"
        f"class Robot:\n    def place(self):\n        child = {placed}.labels('robot')\n\n"
        f"        def later():\n            child.inc()\n\n        return later\n\n\n"
        f"def sell():\n    def inner():\n        {placed}.labels('hand').inc()\n\n    return inner\n"
    )
    assert recorded(sections["orders_placed_total"]) == (
        "`orders/metrics.py: OrderMetrics.count`, `orders/service.py: place`, "
        "`orders/service.py: Robot.place`, `orders/service.py: sell`"
    )


def test_a_name_that_only_looks_the_same_is_not_taken_for_a_metric(page):
    sections = page(
        "from threading import Event\n\nopen = Event()\n\n\n"
        "def place(file):\n    open.set()\n    'get_metrics().open'\n    file.open()\n"
    )
    assert recorded(sections["orders_open"]) == "no function of this package"


def test_an_attribute_that_is_set_is_not_a_metric_that_is_recorded(page):
    sections = page(
        "from .metrics import get_metrics\n\n\ndef place(door):\n    door.open = True\n"
    )
    assert recorded(sections["orders_open"]) == "no function of this package"


def test_every_metric_of_this_service_is_recorded_by_a_function_of_its_own_component():
    modules = locations.read(import_module("{{ cookiecutter.package_name }}"))
    for entry in locations.catalogue():
        folder = modules[entry.group.__module__].path.rpartition("/")[0]
        found = locations.recorders(entry, modules)
        assert found, entry
        assert {place.rpartition("/")[0] for place in found} == {folder}, entry


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
    monkeypatch.setattr(locations, "pages", dict)
    pages.write(tmp_path / "docs/metric-locations", {"gone": "# Gone\n"})
    assert main(["locations", "--check"]) == 1
    assert capsys.readouterr().out == (
        "docs/metric-locations/gone.md belongs to no component: "
        "delete it, or run `make metrics-docs`\n"
    )
    assert main(["locations", "--write"]) == 0
    assert capsys.readouterr().out == "removed docs/metric-locations/gone.md\n"
    assert main(["locations", "--check"]) == 0
    assert capsys.readouterr().out == ""
