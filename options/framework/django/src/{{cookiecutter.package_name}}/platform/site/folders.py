"""What Django's settings take from the components' folders, before a component can be imported."""

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files

from ..core.components import collection_switch, modules
from ..core.config import ServiceSettings, Settings, load_all
from ..db.engine import DatabaseSettings
from ..health.checks import HealthSettings
from ..logs.component import LogSettings
from ..metrics.registry import MetricsSettings
from ..polling.component import PollingSettings

# Those that stand beside what reads them, and in no `settings.py`.
PLATFORM = (
    ServiceSettings,
    DatabaseSettings,
    HealthSettings,
    LogSettings,
    MetricsSettings,
    PollingSettings,
)
NAME = re.compile(r'\bComponent\(\s*name="(\w+)"')


def component_apps() -> list[str]:
    """The components that are applications of Django: those with an `apps.py`."""
    return [module.rpartition(".")[0] for module in modules("apps")]


def check_settings() -> None:
    """Read the settings of the platform and of every component that has a `settings.py`.

    SettingsError lists the problems of all of them.
    """
    found = [
        value
        for module in map(import_module, modules("settings"))
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Settings)
    ]
    switches = map(collection_switch, _names())
    load_all(dict.fromkeys([*PLATFORM, *found, *switches]))


def _names() -> Iterator[str]:
    """What the components are called, from their source: to import them takes Django's settings."""
    for module in modules("component"):
        source = files(module.rpartition(".")[0]).joinpath("component.py")
        yield from NAME.findall(source.read_text(encoding="utf-8"))
