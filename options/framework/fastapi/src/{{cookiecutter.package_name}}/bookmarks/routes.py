"""The HTTP interface of the bookmarks."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from sqlalchemy.orm import Session

from ..platform.core import load
from ..platform.db import get_session
from . import service
from .models import Bookmark
from .schemas import KeptBookmark, NewBookmark, Number, Page
from .settings import BookmarksSettings

router = APIRouter(prefix="/api/bookmarks", tags=["bookmarks"])


def get_settings() -> BookmarksSettings:
    """The settings of the bookmarks."""
    return load(BookmarksSettings)


# Closed before the answer is sent: whoever has the answer finds the connection in the pool again.
SessionDependency = Annotated[Session, Depends(get_session, scope="function")]
SettingsDependency = Annotated[BookmarksSettings, Depends(get_settings)]


@router.post("", status_code=201, response_model=KeptBookmark)
def create(new: NewBookmark, session: SessionDependency) -> Bookmark:
    """Keep a bookmark."""
    return service.create(session, str(new.url), new.title)


@router.get("", response_model=list[KeptBookmark])
def find(
    page: Annotated[Page, Query()], session: SessionDependency, settings: SettingsDependency
) -> list[Bookmark]:
    """The bookmarks in order, page by page."""
    return list(service.find(session, page.limit or settings.bookmarks_page_size, page.after))


@router.get("/{id}", response_model=KeptBookmark)
def get(id: Number, session: SessionDependency) -> Bookmark:  # noqa: A002 - the name in the template
    """One bookmark."""
    try:
        return service.get(session, id)
    except service.BookmarkNotFound:
        raise HTTPException(404, f"no bookmark {id}") from None


@router.delete("/{id}", status_code=204)
def delete(id: Number, session: SessionDependency) -> None:  # noqa: A002 - as above
    """Remove a bookmark."""
    try:
        service.delete(session, id)
    except service.BookmarkNotFound:
        raise HTTPException(404, f"no bookmark {id}") from None
