"""What Django's settings take from the components' folders, before a component can be imported."""

from importlib import import_module

from ..core.components import modules
from ..core.config import ServiceSettings, Settings, load_all


def component_apps() -> list[str]:
    """The components that are applications of Django: those with an `apps.py`."""
    return [module.rpartition(".")[0] for module in modules("apps")]


def check_settings() -> None:
    """Read the settings of the service and of every component that has a `settings.py`.

    Raises:
        SettingsError: lists the problems of all of them.
    """
    found = [
        value
        for module in map(import_module, modules("settings"))
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Settings)
    ]
    load_all(dict.fromkeys([ServiceSettings, *found]))
