"""The HTTP interface of the bookmarks."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, StringConstraints, UrlConstraints

from ..core.config import load
from . import service
from .models import Bookmark
from .settings import BookmarksSettings

router = APIRouter(prefix="/api/bookmarks", tags=["bookmarks"])


class NewBookmark(BaseModel):
    """What a client sends to keep a page."""

    url: Annotated[AnyHttpUrl, UrlConstraints(max_length=2000)]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class KeptBookmark(BaseModel):
    """A bookmark as the API shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    url: str
    title: str
    created_at: datetime


@router.post("", status_code=201, response_model=KeptBookmark)
def create(new: NewBookmark) -> Bookmark:
    """Keep a bookmark."""
    return service.create(str(new.url), new.title)


@router.get("", response_model=list[KeptBookmark])
def find(
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    after: Annotated[int, Query(ge=0)] = 0,
) -> list[Bookmark]:
    """The bookmarks in order; `after` is the last id of the page before."""
    size = limit or load(BookmarksSettings).bookmarks_page_size
    return list(service.find(size, after))


@router.get("/{id}", response_model=KeptBookmark)
def get(id: int) -> Bookmark:  # noqa: A002 - the name in the route template
    """One bookmark."""
    try:
        return service.get(id)
    except service.BookmarkNotFound:
        raise HTTPException(404, f"no bookmark {id}") from None


@router.delete("/{id}", status_code=204)
def delete(id: int) -> None:  # noqa: A002 - the name in the route template
    """Remove a bookmark."""
    try:
        service.delete(id)
    except service.BookmarkNotFound:
        raise HTTPException(404, f"no bookmark {id}") from None
