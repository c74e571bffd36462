"""The settings of the bookmarks."""

from pydantic import Field

from ..platform.core import Settings


class BookmarksSettings(Settings):
    """How bookmarks are listed."""

    bookmarks_page_size: int = Field(50, ge=1, le=1000)
    """Bookmarks that a list holds unless the client asks."""
