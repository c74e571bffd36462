"""The HTTP interface of the bookmarks."""

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from pydantic import (
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    UrlConstraints,
    ValidationError,
)

from ..core.config import load
from . import service
from .models import Bookmark
from .settings import BookmarksSettings


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


class Page(BaseModel):
    """Which bookmarks a list holds; `after` is the last id of the page before."""

    limit: int | None = Field(None, ge=1, le=1000)
    after: int = Field(0, ge=0)


class Path(BaseModel):
    """What a path names."""

    id: int


class Resource(View):
    """Answers what pydantic refuses with 422, and a bookmark that is not there with 404."""

    def dispatch(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponseBase:
        """Call the method's handler."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            return JsonResponse({"detail": problems}, status=422)
        except service.BookmarkNotFound as error:
            return JsonResponse({"detail": f"no bookmark {error}"}, status=404)


# No cookie speaks for anybody here, so there is no request to forge.
@method_decorator(csrf_exempt, name="dispatch")
class Bookmarks(Resource):
    """All bookmarks."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep a bookmark."""
        new = NewBookmark.model_validate_json(request.body)
        return JsonResponse(shown(service.create(str(new.url), new.title)), status=201)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The bookmarks in order, a page at a time."""
        page = Page.model_validate(request.GET.dict())
        size = page.limit or load(BookmarksSettings).bookmarks_page_size
        rows = [shown(bookmark) for bookmark in service.find(size, page.after)]
        return JsonResponse(rows, safe=False)


@method_decorator(csrf_exempt, name="dispatch")
class OneBookmark(Resource):
    """One bookmark."""

    def get(self, request: HttpRequest, **names: str) -> HttpResponse:
        """One bookmark."""
        return JsonResponse(shown(service.get(Path.model_validate(names).id)))

    def delete(self, request: HttpRequest, **names: str) -> HttpResponse:
        """Remove a bookmark."""
        service.delete(Path.model_validate(names).id)
        return HttpResponse(status=204)


def shown(bookmark: Bookmark) -> dict[str, object]:
    """The bookmark as JSON has it."""
    return KeptBookmark.model_validate(bookmark).model_dump(mode="json")


router = path(
    "api/",
    include(
        [
            path("bookmarks", Bookmarks.as_view()),
            path("bookmarks/<str:id>", OneBookmark.as_view()),
        ]
    ),
)
