"""Each test has a registry of its own, and no test touches what a developer's machine holds."""

import os

import prometheus_client
import prometheus_client.exposition
import pytest
from prometheus_client import CollectorRegistry

from {{ cookiecutter.package_name }}.platform.core.config import ServiceSettings, load


@pytest.mark.parametrize("turn", [1, 2])
def test_the_same_counter_may_be_made_in_every_test(turn, metrics):
    counter = prometheus_client.Counter("turn_total", "Turns.")
    counter.inc(turn)
    assert metrics.value("turn_total") == turn


@pytest.mark.parametrize(
    "make",
    [
        lambda name: prometheus_client.Counter(name, "A metric."),
        lambda name: prometheus_client.Gauge(name, "A metric."),
        lambda name: prometheus_client.Summary(name, "A metric."),
        lambda name: prometheus_client.Histogram(name, "A metric."),
        lambda name: prometheus_client.Info(name, "A metric."),
        lambda name: prometheus_client.Enum(name, "A metric.", states=["a"]),
    ],
)
def test_writers_default_to_the_registry_of_the_test(make, registry):
    make("made")
    assert any(metric.name == "made" for metric in registry.collect())


@pytest.mark.parametrize(
    "collector",
    [
        prometheus_client.GCCollector,
        prometheus_client.PlatformCollector,
        prometheus_client.ProcessCollector,
    ],
)
def test_collectors_default_to_the_registry_of_the_test(collector, registry):
    assert list(registry.collect()) == []
    collector()
    assert list(registry.collect()) != []


def test_readers_default_to_the_registry_of_the_test(tmp_path):
    prometheus_client.Counter("read_total", "Read.").inc()
    started = []
    body = prometheus_client.make_wsgi_app()(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": ""},
        lambda status, headers: started.append(status),
    )
    assert started == ["200 OK"]
    for text in (prometheus_client.generate_latest(), b"".join(body)):
        assert text.splitlines()[-1] == b"read_total 1.0"
    assert prometheus_client.exposition.MetricsHandler.registry is prometheus_client.REGISTRY


def test_a_registry_that_is_passed_is_left_alone(registry):
    own = CollectorRegistry()
    prometheus_client.Counter("own_total", "Own.", registry=own).inc()
    assert own.get_sample_value("own_total") == 1.0
    assert registry.get_sample_value("own_total") is None


def test_the_default_registry_is_the_registry_of_the_test(registry):
    assert prometheus_client.REGISTRY is registry
    assert prometheus_client.registry.REGISTRY is registry


def test_the_settings_are_the_tests_own(tmp_path, monkeypatch):
    assert os.environ["ENV_FILE"] == os.devnull
    assert load(ServiceSettings).environment == "test"


def test_nothing_that_the_shell_and_the_env_file_say_is_ever_used(fresh_run):
    used = fresh_run(
        "import os\n"
        "from {{ cookiecutter.package_name }}.platform.core.config import ServiceSettings, load\n"
        "def test_settings():\n"
        "    assert os.environ['DATABASE_URL'].startswith('sqlite:')\n"
        "    assert load(ServiceSettings).environment == 'test'\n"
        "    assert load(ServiceSettings).log_level == 'INFO'\n"
        "    assert 'HTTP_PROXY' not in os.environ\n"
        "    assert load(ServiceSettings).secret_key.get_secret_value().startswith('test-only')\n",
        DATABASE_URL="postgresql://production.example/orders",
        ENVIRONMENT="production",
        SECRET_KEY="the-secret-key-of-the-production-system",
        LOG_LEVEL="WARNING",
        HTTP_PROXY="http://proxy.example",
    )
    assert used.returncode == 0, used.stdout


def test_mock_env_is_read_at_once(mock_env):
    load(ServiceSettings)
    mock_env(PORT="9000", LOG_LEVEL=None)
    assert load(ServiceSettings).port == 9000


def test_patch_settings_overrides_for_one_test(patch_settings):
    patch_settings(ServiceSettings, port=9000)
    assert load(ServiceSettings).port == 9000
    with pytest.raises(AttributeError, match=r"ServiceSettings has .*port.*, not prot"):
        patch_settings(ServiceSettings, prot=1)


@pytest.mark.parametrize("turn", [1, 2])
def test_an_override_does_not_outlive_its_test(turn, patch_settings, mock_env):
    assert load(ServiceSettings).port == 8000
    mock_env(PORT="9000")
    patch_settings(ServiceSettings, port=9001)
