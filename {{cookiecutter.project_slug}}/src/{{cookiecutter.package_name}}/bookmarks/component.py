"""The component of the bookmarks."""

from ..platform.core import Component
from . import migrations
from .metrics import BookmarkMetrics
from .routes import router
from .settings import BookmarksSettings

component = Component(
    name="bookmarks",
    settings=BookmarksSettings,
    metrics=(BookmarkMetrics,),
    routes=router,
    migrations=migrations.__name__,
)
