"""The component of the Django site: its settings."""

from ..core.components import Component
from .settings import SiteSettings

component = Component(name="site", settings=SiteSettings)
