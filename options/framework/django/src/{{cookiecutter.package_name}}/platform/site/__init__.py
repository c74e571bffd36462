"""The Django site: the hosts it answers to, whom it trusts, and which folders are its applications."""

from .folders import check_settings, component_apps
from .settings import SiteSettings

__all__ = ["SiteSettings", "check_settings", "component_apps"]
