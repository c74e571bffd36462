"""The component of the bookmarks."""

from ..platform.core import Component
from .metrics import BookmarkMetrics
from .settings import BookmarksSettings
from .urls import urlpatterns

component = Component(
    name="bookmarks",
    settings=BookmarksSettings,
    metrics=(BookmarkMetrics,),
    routes=urlpatterns,
)
