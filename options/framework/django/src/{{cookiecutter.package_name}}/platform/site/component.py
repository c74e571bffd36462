"""The component of the Django site: its settings, and the admin pages under /admin."""

from django.contrib import admin
from django.urls import include, path

from ..core.components import Component
from .settings import SiteSettings
from .static import static

admin.autodiscover()

component = Component(
    name="site",
    settings=SiteSettings,
    routes=path(
        "",
        include([path("admin/", admin.site.urls), path("static/<path:path>", static)]),
    ),
)
