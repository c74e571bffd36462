"""What one can do with bookmarks; each operation is counted after it succeeded or failed."""

from collections.abc import Sequence

from sqlalchemy import select

from ..platform.db import session
from .metrics import counted
from .models import Bookmark


class BookmarkNotFound(LookupError):  # noqa: N818 - the name says what happened
    """There is no bookmark of that number."""


@counted("create")
def create(url: str, title: str) -> Bookmark:
    """Keep a bookmark."""
    bookmark = Bookmark(url=url, title=title)
    with session() as open_session:
        open_session.add(bookmark)
    return bookmark


@counted("list")
def find(limit: int, after: int = 0) -> Sequence[Bookmark]:
    """The bookmarks with a number above `after`, in order, at most `limit` of them."""
    with session() as open_session:
        query = select(Bookmark).where(Bookmark.id > after).order_by(Bookmark.id).limit(limit)
        return open_session.scalars(query).all()


@counted("get")
def get(number: int) -> Bookmark:
    """The bookmark of that number.

    Raises:
        BookmarkNotFound: there is none.
    """
    with session() as open_session:
        bookmark = open_session.get(Bookmark, number)
    if bookmark is None:
        raise BookmarkNotFound(number)
    return bookmark


@counted("delete")
def delete(number: int) -> None:
    """Remove the bookmark of that number.

    Raises:
        BookmarkNotFound: there is none.
    """
    with session() as open_session:
        bookmark = open_session.get(Bookmark, number)
        if bookmark is None:
            raise BookmarkNotFound(number)
        open_session.delete(bookmark)
