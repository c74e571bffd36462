"""What one can do with bookmarks; each operation is counted after it succeeded or failed."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..platform.db import session as open_session
from .metrics import counted, get_metrics
from .models import Bookmark


class BookmarkNotFound(LookupError):  # noqa: N818 - the name says what happened
    """There is no bookmark of that number."""


@counted("create")
def create(session: Session, url: str, title: str) -> Bookmark:
    """Keep a bookmark."""
    bookmark = Bookmark(url=url, title=title)
    session.add(bookmark)
    session.commit()
    return bookmark


@counted("list")
def find(session: Session, limit: int, after: int = 0) -> Sequence[Bookmark]:
    """The bookmarks with a number above `after`, in order, at most `limit` of them."""
    query = select(Bookmark).where(Bookmark.id > after).order_by(Bookmark.id).limit(limit)
    return session.scalars(query).all()


@counted("get")
def get(session: Session, number: int) -> Bookmark:
    """The bookmark of that number; BookmarkNotFound if there is none."""
    return _existing(session, number)


@counted("delete")
def delete(session: Session, number: int) -> None:
    """Remove the bookmark of that number; BookmarkNotFound if there is none."""
    session.delete(_existing(session, number))
    session.commit()


def _existing(session: Session, number: int) -> Bookmark:
    bookmark = session.get(Bookmark, number)
    if bookmark is None:
        raise BookmarkNotFound(number)
    return bookmark


def poll() -> None:
    """Record how many bookmarks there are."""
    with open_session() as session:
        number = session.scalar(select(func.count()).select_from(Bookmark))
    get_metrics().stored.set(number or 0)
