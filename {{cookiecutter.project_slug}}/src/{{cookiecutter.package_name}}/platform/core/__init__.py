"""What every part of the service stands on: settings, components, lifecycle, logging."""

from .about import about
from .components import Component, Event, HealthCheck
from .config import SecretUrl, ServiceSettings, Settings, load
from .variables import SettingsError

__all__ = [
    "Component",
    "Event",
    "HealthCheck",
    "SecretUrl",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "about",
    "load",
]
