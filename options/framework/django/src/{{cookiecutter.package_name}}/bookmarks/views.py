"""What is answered about bookmarks."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from pydantic import TypeAdapter

from ..platform.core import load
from ..platform.web import read_body, read_path, read_query
from . import service
from .models import Bookmark
from .schemas import KeptBookmark, NewBookmark, Number, Page
from .settings import BookmarksSettings

NUMBER = TypeAdapter[int](Number)


def shown(bookmark: Bookmark) -> dict[str, Any]:
    """The bookmark as the API shows it."""
    return KeptBookmark.model_validate(bookmark).model_dump(mode="json")


# No cookie speaks for anybody here, so there is no request to forge.
@method_decorator(csrf_exempt, name="dispatch")
class Bookmarks(View):
    """All bookmarks."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep a bookmark."""
        new = read_body(NewBookmark, request.body, request.META)
        return JsonResponse(shown(service.create(str(new.url), new.title)), status=201)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The bookmarks in order, page by page."""
        page = read_query(Page, request.GET.dict())
        size = page.limit or load(BookmarksSettings).bookmarks_page_size
        rows = [shown(bookmark) for bookmark in service.find(size, page.after)]
        return JsonResponse(rows, safe=False)


@method_decorator(csrf_exempt, name="dispatch")
class OneBookmark(View):
    """One bookmark, by its number."""

    def get(self, request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 - the route's name
        """One bookmark."""
        number = read_path(NUMBER, id=id)
        try:
            return JsonResponse(shown(service.get(number)))
        except service.BookmarkNotFound:
            raise Http404(f"no bookmark {number}") from None

    def delete(self, request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 - as above
        """Remove a bookmark."""
        number = read_path(NUMBER, id=id)
        try:
            service.delete(number)
        except service.BookmarkNotFound:
            raise Http404(f"no bookmark {number}") from None
        return HttpResponse(status=204)
