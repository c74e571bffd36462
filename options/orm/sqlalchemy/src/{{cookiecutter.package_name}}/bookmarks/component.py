"""The component of the bookmarks."""

from ..platform.core import Component
from ..platform.polling import register_for_polling
from . import service
from .metrics import BookmarkMetrics
from .routes import router
from .settings import BookmarksSettings

component = Component(
    name="bookmarks",
    settings=BookmarksSettings,
    metrics=(BookmarkMetrics,),
    start=lambda: register_for_polling("bookmarks", service.poll),
    routes=router,
)
