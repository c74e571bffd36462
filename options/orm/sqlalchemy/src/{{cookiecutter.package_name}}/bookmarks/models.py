"""The bookmark as a row."""

from datetime import UTC, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ..platform.db import Model, UtcDateTime


class Bookmark(Model):
    """A page that somebody wants to find again."""

    __tablename__ = "bookmarks"
    __table_args__ = ({"sqlite_autoincrement": True},)  # the id of a deleted one never comes again

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    title: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
