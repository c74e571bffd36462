"""What one can do with bookmarks; each operation is counted after it succeeded or failed."""

from collections.abc import Sequence

from .metrics import counted, get_metrics
from .models import Bookmark


class BookmarkNotFound(LookupError):  # noqa: N818 - the name says what happened
    """There is no bookmark of that number."""


@counted("create")
def create(url: str, title: str) -> Bookmark:
    """Keep a bookmark."""
    return Bookmark.objects.create(url=url, title=title)


@counted("list")
def find(limit: int, after: int = 0) -> Sequence[Bookmark]:
    """The bookmarks with a number above `after`, in order, at most `limit` of them."""
    return list(Bookmark.objects.filter(id__gt=after).order_by("id")[:limit])


@counted("get")
def get(number: int) -> Bookmark:
    """The bookmark of that number; BookmarkNotFound if there is none."""
    bookmark = Bookmark.objects.filter(id=number).first()
    if bookmark is None:
        raise BookmarkNotFound(number)
    return bookmark


@counted("delete")
def delete(number: int) -> None:
    """Remove the bookmark of that number; BookmarkNotFound if there is none."""
    removed, _ = Bookmark.objects.filter(id=number).delete()
    if not removed:
        raise BookmarkNotFound(number)


def poll() -> None:
    """Record how many bookmarks there are."""
    get_metrics().stored.set(Bookmark.objects.count())
