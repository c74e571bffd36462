"""One module, imported more often than its author thought."""

import importlib
import subprocess
import sys

import pytest
from prometheus_client import REGISTRY

JOBS = 'from prometheus_client import Counter\ndone = Counter("jobs_total", "Jobs done.")\n'
DUPLICATED = r"Duplicated timeseries in CollectorRegistry: .*jobs"


@pytest.mark.known_for(DUPLICATED)
def test_a_module_is_reloaded(write):
    write("jobs", JOBS)
    jobs = importlib.import_module("jobs")
    jobs.done.inc()
    importlib.reload(jobs).done.inc()
    assert REGISTRY.get_sample_value("jobs_total") == 2.0


@pytest.mark.known_for(DUPLICATED)
def test_one_module_is_imported_under_two_names(write, import_as):
    path = write("jobs", JOBS)
    import_as("jobs", path).done.inc()
    import_as("src.jobs", path).done.inc()
    assert REGISTRY.get_sample_value("jobs_total") == 2.0


@pytest.mark.known_for(DUPLICATED)
def test_python_m_beside_an_import_string(write):
    main = 'import importlib\nif __name__ == "__main__":\n    importlib.import_module("jobs").done.inc()\n'
    path = write("jobs", JOBS + main)
    done = subprocess.run([sys.executable, "-m", "jobs"], cwd=path.parent, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.known_for(DUPLICATED)
def test_two_modules_with_one_definition(write):
    for name in ("jobs", "jobs_again"):
        write(name, JOBS)
        importlib.import_module(name).done.inc()
    assert REGISTRY.get_sample_value("jobs_total") == 2.0


@pytest.mark.known_for(r"Actual message: .Duplicated timeseries in CollectorRegistry: .*jobs")
def test_two_modules_with_two_definitions_are_both_named(write):
    write("jobs", JOBS)
    write("more_jobs", JOBS.replace("Jobs done.", "Work done."))
    importlib.import_module("jobs")
    with pytest.raises(ValueError, match=r"more_jobs\.py:2.* jobs\.py:2|jobs\.py:2.*more_jobs\.py:2"):
        importlib.import_module("more_jobs")


@pytest.mark.known_for(DUPLICATED)
def test_sys_modules_is_purged(write):
    write("jobs", JOBS)
    for _ in range(2):
        importlib.import_module("jobs").done.inc()
        del sys.modules["jobs"]
    assert REGISTRY.get_sample_value("jobs_total") == 2.0


@pytest.mark.known_for(DUPLICATED)
def test_a_failed_import_is_tried_again(write):
    source = JOBS + 'import os\nos.environ["NOT_SET_YET"]\n'
    write("jobs", source)
    with pytest.raises(KeyError):
        importlib.import_module("jobs")
    write("jobs", JOBS + "# the variable is not needed any more\n")
    importlib.import_module("jobs").done.inc()
    assert REGISTRY.get_sample_value("jobs_total") == 1.0


LIBRARY = (
    "import importlib, sys\nimport prometheus_client\nimport pytest\n"
    '@pytest.mark.parametrize("turn", [1, 2])\n'
    "def test_library(turn, tmp_path, monkeypatch):\n"
    '    (tmp_path / "library.py").write_text("import prometheus_client\\n"\n'
    "        \"calls = prometheus_client.Counter('jobs_total', 'Jobs.')\\n\")\n"
    "    monkeypatch.syspath_prepend(str(tmp_path))\n"
    '    importlib.import_module("library").calls.inc()\n'
    '    del sys.modules["library"]\n'
    "    assert prometheus_client.REGISTRY.get_sample_value('jobs_total') == 1.0\n"
)


@pytest.mark.known_for(DUPLICATED)
def test_a_library_that_registers_at_import_is_imported_in_every_test(fresh_run):
    done = fresh_run(LIBRARY)
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.known_for(DUPLICATED)
def test_a_conftest_is_imported_under_two_names(fresh_run, tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "conftest.py").write_text(JOBS, encoding="utf-8")
    done = fresh_run(
        "import importlib.util\n"
        "def test_again(request):\n"
        "    path = request.config.rootpath / 'conftest.py'\n"
        "    spec = importlib.util.spec_from_file_location('tests.conftest', path)\n"
        "    spec.loader.exec_module(importlib.util.module_from_spec(spec))\n",
        "--rootdir=.",
    )
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.known_for(DUPLICATED)
def test_doctest_modules_imports_what_the_tests_import(fresh_run, tmp_path):
    source = tmp_path / "project" / "src"
    source.mkdir(parents=True)
    (source / "jobs.py").write_text(f'"""\n>>> done.inc()\n"""\n{JOBS}', encoding="utf-8")
    done = fresh_run(
        "from src import jobs\ndef test_jobs():\n    jobs.done.inc()\n",
        *("--doctest-modules", "--rootdir=.", "test_planted.py", "src"),
    )
    assert "2 passed" in done.stdout, done.stdout
