"""The component of the bookmarks."""

from ..platform.core import Component
from .metrics import BookmarkMetrics
from .routes import router
from .settings import BookmarksSettings

component = Component(
    name="bookmarks",
    settings=BookmarksSettings,
    metrics=(BookmarkMetrics,),
    routes=router,
)
