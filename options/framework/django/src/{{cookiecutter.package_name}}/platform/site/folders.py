"""What Django's settings take from the components' folders, before a component can be imported."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter
from pkgutil import iter_modules

from ..core.config import ServiceSettings, Settings, load_all

PLATFORM = __package__.rpartition(".")[0]
PACKAGE = PLATFORM.rpartition(".")[0]


def component_apps() -> list[str]:
    """The packages beside `platform` that are applications of Django: those with an `apps.py`."""
    return [module.rpartition(".")[0] for module in _modules(PACKAGE, "apps")]


def check_settings() -> None:
    """Read the settings of the service and of every component that has a `settings.py`.

    Raises:
        SettingsError: lists the problems of all of them.
    """
    modules = [*_modules(PLATFORM, "settings"), *_modules(PACKAGE, "settings")]
    found = [
        value
        for module in map(import_module, modules)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Settings)
    ]
    load_all(dict.fromkeys([ServiceSettings, *found]))


def _modules(root: str, name: str) -> Iterator[str]:
    """The modules of that name in the subpackages of `root`."""
    for module in sorted(iter_modules(import_module(root).__path__), key=attrgetter("name")):
        found = f"{root}.{module.name}.{name}"
        if module.ispkg and find_spec(found) is not None:
            yield found
