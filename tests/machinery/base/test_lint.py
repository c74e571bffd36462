"""What is misnamed, unbounded or undocumented is found before it runs, with what would be right."""

import subprocess
import sys

import pytest
from tools.__main__ import main
from tools.catalogue import Entry
from tools.lint import lint

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
from {{ cookiecutter.package_name }}.platform.metrics.registry import (
    MetricConflict,
)

HELP = "A sentence."


def problems(*declared) -> list[str]:
    """What lint says of these declarations."""
    members = {f"metric_{number}": one for number, one in enumerate(declared)}
    group = type("Group", (MetricGroup,), members, component="example")
    return [found.problem for found in lint(Entry("example", group, name) for name in members)]


@pytest.mark.parametrize(
    "declared",
    [
        Counter("jobs_total", HELP, {"kind": closed("a", "b"), "queue": limited(5)}),
        Counter("sent_bytes_total", HELP),
        Gauge("hit_ratio", HELP, {"pool": bounded_by("the pools")}, multiprocess="livemax"),
        Histogram("job_duration_seconds", HELP, {"job": bounded_by("the jobs")}),
        Histogram("job_size_bytes", HELP, buckets=(1, 2)),
        Summary("wait_seconds", HELP, {"queue": limited(5)}),
        Info("build", HELP),
        Enum("mood", HELP, states=("good", "bad")),
    ],
)
def test_a_good_declaration_passes(declared):
    assert problems(declared) == []


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        (Counter("jobsDone_total", HELP), "words of a to z joined by single underscores, like jobs_done_total"),
        (Counter("jobs__done_total", HELP), "words of a to z joined by single underscores, like jobs_done_total"),
        (Counter("jobs:done_total", HELP), "words of a to z joined by single underscores, like jobs_done_total"),
        (Counter("jobs9_total", HELP), "words of a to z joined by single underscores, like jobs_total"),
        (Counter("jobs", HELP), "is a counter: call it jobs_total"),
        (Gauge("jobs_total", HELP, multiprocess="sum"), "must leave _total to counters: call it jobs"),
        (Gauge("jobs_count", HELP, multiprocess="sum"), "must leave _count to the exposition: call it jobs"),
        (Gauge("jobs_bucket", HELP, multiprocess="sum"), "must leave _bucket to the exposition: call it jobs"),
        (Summary("jobs_sum", HELP), "must leave _sum to the exposition: call it jobs"),
        (Summary("jobs_created", HELP), "must leave _created to the exposition: call it jobs"),
        (Info("build_info", HELP), "must leave _info to the exposition: call it build"),
        (Summary("wait_milliseconds", HELP), "must be in base units: seconds instead of milliseconds"),
        (Summary("wait_minutes", HELP), "must be in base units: seconds instead of minutes"),
        (Summary("size_kilobytes", HELP), "must be in base units: bytes instead of kilobytes"),
        (Summary("size_megabits", HELP), "must be in base units: bytes instead of megabits"),
        (Gauge("used_percent", HELP, multiprocess="sum"), "must be in base units: ratio instead of percent"),
        (Summary("wait_ms", HELP), "must be in base units: seconds instead of ms"),
        (Counter("jobs_counter_total", HELP), "must not name its type: leave counter out"),
        (Summary("wait_seconds", ""), "needs a help text: one line"),
        (Summary("wait_seconds", "no capital."), "needs a help text: one line"),
        (Summary("wait_seconds", "No full stop"), "needs a help text: one line"),
        (Summary("wait_seconds", "Two\nlines."), "needs a help text: one line"),
        (Counter("jobs_total", HELP, {"le": closed("a")}), "must leave the label le to histograms"),
        (Counter("jobs_total", HELP, {"quantile": closed("a")}), "must leave the label quantile to summaries"),
        (Counter("jobs_total", HELP, {"job": closed("a")}), "must leave the label job to scrapers"),
        (Counter("jobs_total", HELP, {"instance": closed("a")}), "must leave the label instance to scrapers"),
        (Counter("jobs_total", HELP, {"__kind": closed("a")}), "label __kind must be words of a to z"),
        (Counter("jobs_total", HELP, {"jobKind": closed("a")}), "label jobKind must be words of a to z"),
        (Counter("jobs_total", HELP, {"kind": closed()}), "label kind needs values"),
        (Counter("jobs_total", HELP, {"kind": closed("a", "")}), "label kind needs values"),
        (Counter("jobs_total", HELP, {"kind": bounded_by(" ")}), "label kind must say what bounds it"),
        (Counter("jobs_total", HELP, {"kind": limited(0)}), "label kind must allow a value: limited(50)"),
        (Counter("jobs_total", HELP, {"kind": ["a"]}), "label kind is unbounded: use closed, bounded_by or limited"),
        (Gauge("jobs", HELP, multiprocess="all"), "multiprocess= livesum or livemax or"),
        (Histogram("wait_seconds", HELP, buckets=(2, 1)), "must have rising buckets: 1, 2"),
        (Histogram("wait_seconds", HELP, buckets=(1, 1, 2)), "must have rising buckets: 1, 2"),
        (Histogram("wait_seconds", HELP, buckets=(1, float("inf"))), "must have finite buckets"),
        (Histogram("wait_seconds", HELP, buckets=()), "has 0 buckets: choose 1 to 20"),
        (Histogram("wait_seconds", HELP, buckets=range(21)), "has 21 buckets: choose 1 to 20"),
        (Histogram("size_bytes", HELP), "has the default buckets, which are seconds"),
    ],
)  # fmt: skip
def test_a_bad_declaration_is_found_once_with_what_would_be_right(declared, problem):
    [found] = problems(declared)
    assert problem in found


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (Counter("jobs_total", HELP), Counter("jobs_total", "Another sentence."), "jobs"),
        (Counter("jobs_total", HELP), Gauge("jobs", HELP, multiprocess="sum"), "jobs"),
        (Histogram("wait_seconds", HELP), Counter("wait_seconds_total", HELP), "wait_seconds"),
        (Info("build", HELP), Gauge("build", HELP, multiprocess="sum"), "build"),
    ],
)
def test_two_declarations_that_export_one_name_are_found(first, second, name):
    [found] = problems(first, second)
    assert found.startswith(f"exports {name}, as {first.name} ({__file__}:")


def test_the_same_declaration_twice_is_one_metric():
    assert problems(Counter("jobs_total", HELP), Counter("jobs_total", HELP)) == []


def test_the_declarations_of_this_service_pass(capsys, metrics):
    assert main(["lint"]) == 0
    assert capsys.readouterr().out.endswith(" metrics declared, nothing to change\n")
    assert metrics.samples() == {}, "lint registers nothing"


def test_each_finding_is_a_line_with_file_and_line_and_the_exit_code_is_1(plant, capsys):
    folder = plant(
        "orders",
        metrics="from ..platform.metrics import Counter, MetricGroup\n\n\n"
        "class Orders(MetricGroup, component='order'):\n"
        "    placed = Counter('orders_placed', 'Orders.')\n\n\n"
        "class Lost(MetricGroup, component='orders'):\n"
        "    lost = Counter('orders_lost_total', 'Orders.')\n",
        component="from ..platform.core import Component\nfrom .metrics import Orders\n"
        "component = Component(name='orders', metrics=(Orders,))\n",
    )
    assert main(["lint"]) == 1
    lines = capsys.readouterr().out.splitlines()
    places = [line.split(" ")[0].rpartition("/")[2] for line in lines]
    assert places == ["metrics.py:5:", "metrics.py:5:", "metrics.py:9:"]
    assert folder.name in lines[0]
    assert [line.split(" ", 1)[1] for line in lines] == [
        "orders_placed is a counter: call it orders_placed_total",
        (
            "orders_placed belongs to component order and is brought by orders: "
            'write class Orders(MetricGroup, component="orders")'
        ),
        "Lost is in no component: add it to metrics= in the component.py of orders",
    ]


REFUSED = [
    ("from prometheus_client import Counter", "TID251"),
    ("from prometheus_client.core import Gauge", "TID251"),
    ("from prometheus_client.metrics import Histogram", "TID251"),
    ("import prometheus_client\n\nSIZE = prometheus_client.Summary('size', 'A size.')", "TID251"),
    ("import prometheus_client as client\n\nINFO = client.Info('build', 'A fact.')", "TID251"),
    ("from prometheus_client import Enum", "TID251"),
    ("from prometheus_client import REGISTRY", "TID251"),
    ("from prometheus_client.registry import REGISTRY", "TID251"),
    ("from prometheus_client.core import REGISTRY", "TID251"),
    ("from time import time", "TID251"),
    ("import time\n\nSTART = time.time()", "TID251"),
    ("def read(counter):\n    return counter._value.get()", "SLF001"),
    ("def names(registry):\n    return registry._names_to_collectors", "SLF001"),
]


def test_the_linter_refuses_what_goes_around_the_declarations(request, tmp_path):
    for number, (source, _) in enumerate(REFUSED):
        (tmp_path / f"planted_{number}.py").write_text(f"{source}\n")
    settings = request.config.rootpath / "pyproject.toml"
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
    refused = subprocess.run(
        [*command, "--config", str(settings), "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    found = {
        tuple(line.split(":")[0::3][:2]) for line in refused.stdout.splitlines() if ":" in line
    }
    found = {(file, text.split()[0]) for file, text in found if text}
    expected = {(f"planted_{number}.py", rule) for number, (_, rule) in enumerate(REFUSED)}
    assert expected - found == set()


def test_what_lint_refuses_as_a_collision_the_registry_would_refuse_too():
    def group(declared) -> type[MetricGroup]:
        return type("Group", (MetricGroup,), {"one": declared}, component="example")

    bound(group(Histogram("wait_seconds", HELP)))
    with pytest.raises(MetricConflict, match=r"both export .*'wait_seconds'"):
        bound(group(Counter("wait_seconds_total", HELP)))
