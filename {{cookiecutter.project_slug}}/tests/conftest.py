"""The test pattern: test settings before the first import, and a registry of its own for each test."""

import inspect
import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

# Set before the first import of prometheus_client, which then decides whether it writes to files.
ENVIRONMENT = pytest.MonkeyPatch()
ENVIRONMENT.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)

import prometheus_client  # noqa: E402
from prometheus_client import CollectorRegistry  # noqa: E402

# Every file of tests/support is a plugin with fixtures.
SUPPORT = sorted(file.stem for file in Path(__file__).with_name("support").glob("*.py"))
pytest.register_assert_rewrite(*SUPPORT)  # they import each other

# What the tests keep of the developer's shell: nothing else that is exported can change them. A
# variable that is meant for them begins with TEST_.
KEPT = re.compile(
    "(PATH|HOME|USER|LOGNAME|SHELL|LANG|TERM|TMPDIR|TZ)$"
    "|LC_|(DY)?LD_|TEST_|COV|PYTEST_(XDIST|VERSION|CURRENT)"
)

# Set before the service is imported, whatever the shell or a .env file say.
TEST_ENVIRONMENT = {
    "ENVIRONMENT": "test",
    "ENV_FILE": os.devnull,  # no .env: a developer's may point at a production database
    "METRICS_ENABLED": "true",
    "SECRET_KEY": "test-only-secret-of-at-least-32-characters",
    "HEALTH_CACHE_SECONDS": "0",
}
DEFAULTS = pytest.StashKey["DefaultRegistry"]()


@pytest.hookimpl(trylast=True)  # pytest itself has read its variables by then
def pytest_configure(config: pytest.Config) -> None:
    """Prepare the process, and leave it as it was found at the end."""
    scratch = Path(tempfile.mkdtemp(prefix="tests-"))
    config.add_cleanup(lambda: shutil.rmtree(scratch, ignore_errors=True))
    config.add_cleanup(ENVIRONMENT.undo)
    for name in [name for name in os.environ if not KEPT.match(name)]:
        ENVIRONMENT.delenv(name)
    for name, value in TEST_ENVIRONMENT.items():
        ENVIRONMENT.setenv(name, value)
    ENVIRONMENT.setenv("DATABASE_URL", f"sqlite:///{scratch}/session.db")
    defaults = config.stash[DEFAULTS] = DefaultRegistry(prometheus_client.REGISTRY)
    config.add_cleanup(defaults.restore)
    defaults.redirect(CollectorRegistry(auto_describe=True))
    if config.getoption("dist", "no") == "no":  # xdist's controller runs no test
        for plugin in SUPPORT:
            config.pluginmanager.import_plugin(plugin)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests that look at metrics, for `-m metrics`."""
    if "metrics" in getattr(item, "fixturenames", ()):
        item.add_marker("metrics")


# What pytest-forked does on purpose: its child ends without closing the files it redirects, and
# a fork is safe here because no other thread holds a lock.
FORKED_WARNINGS = (
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning",
    "ignore:.*use of fork\\(\\) may lead to deadlocks:DeprecationWarning",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run forked tests first: a fork tears down the session fixtures that are alive by then."""
    items.sort(key=lambda item: not _is_forked(item))
    for item in filter(_is_forked, items):
        item.add_marker(pytest.mark.filterwarnings(*FORKED_WARNINGS))


def _is_forked(item: pytest.Item) -> bool:
    return item.get_closest_marker("forked") is not None or item.config.getoption("forked", False)


class DefaultRegistry:
    """Every place where prometheus_client holds its default registry, writers and readers alike.

    The library binds `registry=REGISTRY` when a function is defined, so replacing the name is not
    enough: the defaults of its functions and methods are rewritten too. A registry that a caller
    passes is left alone.
    """

    def __init__(self, original: CollectorRegistry) -> None:
        for module in ("asgi", "bridge.graphite", "exposition", "multiprocess"):
            import_module(f"prometheus_client.{module}")
        self._original = original
        self._places = list(self._find())

    def redirect(self, registry: CollectorRegistry) -> None:
        """Make `registry` the default everywhere."""
        for owner, name, before in self._places:
            if isinstance(before, tuple):
                setattr(owner, name, tuple(registry if x is self._original else x for x in before))
            elif isinstance(before, dict):
                new = {key: registry if x is self._original else x for key, x in before.items()}
                setattr(owner, name, new)
            else:
                setattr(owner, name, registry)

    def restore(self) -> None:
        """Make the original the default again."""
        self.redirect(self._original)

    def _find(self) -> Iterator[tuple[Any, str, Any]]:
        modules = [m for name, m in sys.modules.items() if name.startswith("prometheus_client")]
        owners = {id(value): value for module in modules for value in self._members(module)}
        for owner in [*modules, *owners.values()]:
            for name, value in list(vars(owner).items()):
                if value is self._original:
                    yield owner, name, value
        for function in owners.values():
            for name in ("__defaults__", "__kwdefaults__"):
                before = getattr(function, name, None)
                values = before.values() if isinstance(before, dict) else before or ()
                if any(value is self._original for value in values):
                    yield function, name, before

    @staticmethod
    def _members(module: Any) -> Iterator[Any]:
        for value in vars(module).values():
            if not str(getattr(value, "__module__", "")).startswith("prometheus_client"):
                continue
            if inspect.isfunction(value):
                yield value
            elif inspect.isclass(value):
                yield value
                yield from filter(inspect.isfunction, vars(value).values())


@pytest.fixture(autouse=True)
def registry(request: pytest.FixtureRequest) -> Iterator[CollectorRegistry]:
    """A collector registry for this test alone; it is prometheus_client's default meanwhile."""
    defaults = request.config.stash[DEFAULTS]
    session = prometheus_client.REGISTRY
    own = CollectorRegistry(auto_describe=True)
    defaults.redirect(own)
    module = import_module("{{ cookiecutter.package_name }}.platform.metrics.registry")
    before = module.active
    module.reset_for_test(own)
    yield own
    module.active = before
    defaults.redirect(session)


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    config = import_module("{{ cookiecutter.package_name }}.platform.core.config")
    config.forget()
    yield
    config.forget()


@pytest.fixture(autouse=True)
def _same_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(logging.root, "handlers", list(logging.root.handlers))
    module = import_module("{{ cookiecutter.package_name }}.platform.core.logging")
    module.request_id.set("")
    level = logging.root.level
    yield
    logging.root.setLevel(level)  # loggers remember what they are enabled for until this is called


@pytest.fixture
def mock_env(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set environment variables for this test: `mock_env(PORT="9000", HOST=None)`; None unsets."""
    config = import_module("{{ cookiecutter.package_name }}.platform.core.config")

    def change(**variables: str | None) -> None:
        for name, value in variables.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        config.forget()

    return change


@pytest.fixture
def patch_settings() -> Callable[..., None]:
    """Override settings for this test: `patch_settings(MetricsSettings, metrics_max_series=2)`."""
    config = import_module("{{ cookiecutter.package_name }}.platform.core.config")

    def change(settings: type[Any], **values: object) -> None:
        unknown = values.keys() - settings.model_fields.keys()
        if unknown:
            fields = ", ".join(settings.model_fields)
            raise AttributeError(f"{settings.__name__} has {fields}, not {', '.join(unknown)}")
        checked = settings.model_validate({**config.load(settings).model_dump(), **values})
        config._loaded[settings] = checked

    return change
