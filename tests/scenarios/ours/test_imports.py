"""One module, imported more often than its author thought."""

import importlib
import subprocess
import sys

import pytest
from example_service.platform.metrics import MetricConflict

JOBS = (
    "from example_service.platform.metrics import Counter, MetricGroup, getter\n"
    'class JobMetrics(MetricGroup, component="jobs"):\n'
    '    done = Counter("jobs_total", "Jobs done.")\n'
    "get_metrics = getter(JobMetrics)\n"
)


def test_a_module_is_reloaded(write, metrics):
    write("jobs", JOBS)
    jobs = importlib.import_module("jobs")
    jobs.get_metrics().done.inc()
    importlib.reload(jobs).get_metrics().done.inc()
    assert metrics.samples() == {"jobs_total": 2.0}


def test_one_module_is_imported_under_two_names(write, import_as, metrics):
    path = write("jobs", JOBS)
    import_as("jobs", path).get_metrics().done.inc()
    import_as("src.jobs", path).get_metrics().done.inc()
    assert metrics.samples() == {"jobs_total": 2.0}


def test_python_m_beside_an_import_string(write):
    main = (
        "import importlib\n"
        'if __name__ == "__main__":\n'
        '    importlib.import_module("jobs").get_metrics().done.inc()\n'
        "    get_metrics().done.inc()\n"
        "    import prometheus_client\n"
        '    print(prometheus_client.REGISTRY.get_sample_value("jobs_total"))\n'
    )
    path = write("jobs", JOBS + main)
    done = subprocess.run([sys.executable, "-m", "jobs"], cwd=path.parent, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2.0\n", "")


def test_two_modules_with_one_definition(write, metrics):
    for name in ("jobs", "jobs_again"):
        write(name, JOBS)
        importlib.import_module(name).get_metrics().done.inc()
    assert metrics.samples() == {"jobs_total": 2.0}


def test_two_modules_with_two_definitions_are_both_named(write, metrics):
    write("jobs", JOBS)
    write("more_jobs", JOBS.replace("Jobs done.", "Work done."))
    importlib.import_module("jobs").get_metrics().done.inc()
    with pytest.raises(MetricConflict, match=r"more_jobs\.py:3.*/jobs\.py:3"):
        importlib.import_module("more_jobs").get_metrics()
    assert metrics.samples() == {"jobs_total": 1.0}


def test_sys_modules_is_purged(write, metrics):
    write("jobs", JOBS)
    for _ in range(2):
        importlib.import_module("jobs").get_metrics().done.inc()
        del sys.modules["jobs"]
    assert metrics.samples() == {"jobs_total": 2.0}


def test_a_failed_import_is_tried_again(write, metrics):
    write("jobs", JOBS + 'get_metrics()\nimport os\nos.environ["NOT_SET_YET"]\n')
    with pytest.raises(KeyError):
        importlib.import_module("jobs")
    write("jobs", JOBS + "# the variable is not needed any more\n")
    importlib.import_module("jobs").get_metrics().done.inc()
    assert metrics.samples() == {"jobs_total": 1.0}


@pytest.mark.parametrize("turn", [1, 2])
def test_a_library_that_registers_at_import_is_imported_in_every_test(turn, write, metrics):
    write("library", "import prometheus_client\ncalls = prometheus_client.Counter('jobs_total', 'Jobs.')\n")
    importlib.import_module("library").calls.inc()
    assert metrics.samples() == {"jobs_total": 1.0}


def test_a_conftest_is_imported_under_two_names(request, import_as, metrics):
    again = import_as("tests.conftest", request.config.rootpath / "tests" / "conftest.py")
    assert again.TEST_ENVIRONMENT["ENVIRONMENT"] == "test"
    assert metrics.samples() == {}


def test_doctest_modules_imports_what_the_tests_import(fresh_run, tmp_path):
    source = tmp_path / "project" / "src"
    source.mkdir(parents=True)
    (source / "jobs.py").write_text(f'"""\n>>> get_metrics().done.inc()\n"""\n{JOBS}', encoding="utf-8")
    done = fresh_run(
        "from src import jobs\n"
        "def test_jobs(metrics):\n"
        "    jobs.get_metrics().done.inc()\n"
        "    assert metrics.samples() == {'jobs_total': 1.0}\n",
        *("--doctest-modules", "--import-mode=prepend", "tests/test_planted.py", "src"),
    )
    assert "2 passed" in done.stdout, done.stdout
