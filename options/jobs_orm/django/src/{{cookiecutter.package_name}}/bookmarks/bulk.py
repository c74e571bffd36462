"""Many bookmarks at once, as jobs need them."""

from collections.abc import Iterator, Sequence

from .files import ImportedBookmark
from .models import Bookmark


def keep_all(new: Sequence[ImportedBookmark]) -> None:
    """Keep all of them or none, in one transaction; what calls it counts the items."""
    rows = [Bookmark(**{**one.model_dump(), "url": str(one.url)}) for one in new]
    Bookmark.objects.bulk_create(rows, batch_size=1000)


def everything() -> Iterator[Bookmark]:
    """Every bookmark in order, of which a thousand at a time are in memory."""
    yield from Bookmark.objects.order_by("id").iterator(chunk_size=1000)
