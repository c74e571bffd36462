"""The HTTP interface of the bookmarks."""

from typing import Any

from flask import Blueprint, abort, request
from pydantic import TypeAdapter

from ..platform.core import load
from ..platform.db import session
from ..platform.web import read_body, read_path, read_query
from . import service
from .models import Bookmark
from .schemas import KeptBookmark, NewBookmark, Number, Page
from .settings import BookmarksSettings

router = Blueprint("bookmarks", __name__, url_prefix="/api/bookmarks")

NUMBER = TypeAdapter[int](Number)


def shown(bookmark: Bookmark) -> dict[str, Any]:
    """The bookmark as the API shows it."""
    return KeptBookmark.model_validate(bookmark).model_dump(mode="json")


@router.post("")
def create() -> tuple[dict[str, Any], int]:
    """Keep a bookmark."""
    new = read_body(NewBookmark, request.get_data(), request.environ)
    with session() as open_session:
        return shown(service.create(open_session, str(new.url), new.title)), 201


@router.get("")
def find() -> list[dict[str, Any]]:
    """The bookmarks in order, page by page."""
    page = read_query(Page, dict(request.args.items(multi=True)))
    size = page.limit or load(BookmarksSettings).bookmarks_page_size
    with session() as open_session:
        return [shown(bookmark) for bookmark in service.find(open_session, size, page.after)]


@router.get("/<id>")
def get(id: str) -> dict[str, Any]:  # noqa: A002 - the name in the route template
    """One bookmark."""
    number = read_path(NUMBER, id=id)
    try:
        with session() as open_session:
            return shown(service.get(open_session, number))
    except service.BookmarkNotFound:
        abort(404, f"no bookmark {number}")


@router.delete("/<id>")
def delete(id: str) -> tuple[str, int]:  # noqa: A002 - the name in the route template
    """Remove a bookmark."""
    number = read_path(NUMBER, id=id)
    try:
        with session() as open_session:
            service.delete(open_session, number)
    except service.BookmarkNotFound:
        abort(404, f"no bookmark {number}")
    return "", 204
