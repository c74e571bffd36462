"""The URLs that the components bring."""

from django.urls import URLPattern, URLResolver

from ..core.components import discover


def component_urls() -> list[URLPattern | URLResolver]:
    """The `routes` of every component, which are its `urlpatterns`."""
    return [url for component in discover() for url in component.routes or ()]
