"""The HTTP interface of the bookmarks."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from ..platform.core import load
from . import service
from .models import Bookmark
from .schemas import KeptBookmark, NewBookmark, Number, Page
from .settings import BookmarksSettings

router = APIRouter(prefix="/api/bookmarks", tags=["bookmarks"])


@router.post("", status_code=201, response_model=KeptBookmark)
def create(new: NewBookmark) -> Bookmark:
    """Keep a bookmark."""
    return service.create(str(new.url), new.title)


@router.get("", response_model=list[KeptBookmark])
def find(page: Annotated[Page, Query()]) -> list[Bookmark]:
    """The bookmarks in order, page by page."""
    size = page.limit or load(BookmarksSettings).bookmarks_page_size
    return list(service.find(size, page.after))


@router.get("/{id}", response_model=KeptBookmark)
def get(id: Number) -> Bookmark:  # noqa: A002 - the name in the route template
    """One bookmark."""
    try:
        return service.get(id)
    except service.BookmarkNotFound:
        raise HTTPException(404, f"no bookmark {id}") from None


@router.delete("/{id}", status_code=204)
def delete(id: Number) -> None:  # noqa: A002 - the name in the route template
    """Remove a bookmark."""
    try:
        service.delete(id)
    except service.BookmarkNotFound:
        raise HTTPException(404, f"no bookmark {id}") from None
