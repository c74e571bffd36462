"""Many bookmarks at once, as jobs need them."""

from collections.abc import Iterator, Sequence

from sqlalchemy import insert, select

from ..platform.db import session as open_session
from .files import ImportedBookmark
from .models import Bookmark


def keep_all(new: Sequence[ImportedBookmark]) -> None:
    """Keep all of them or none, in one transaction; what calls it counts the items."""
    rows = [{**one.model_dump(), "url": str(one.url)} for one in new]
    with open_session() as session:
        if rows:
            session.execute(insert(Bookmark), rows)


def everything() -> Iterator[Bookmark]:
    """Every bookmark in order, of which a thousand at a time are in memory."""
    query = select(Bookmark).order_by(Bookmark.id).execution_options(yield_per=1000)
    with open_session() as session:
        yield from session.scalars(query)
