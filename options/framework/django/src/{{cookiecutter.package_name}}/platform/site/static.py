"""The style sheets and scripts of the admin pages, served from where they are installed."""

from functools import cache

from django.http import Http404, HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


def static(request: HttpRequest, path: str) -> HttpResponseBase:
    """The file of that path.

    WhiteNoise is a view here and no middleware, so that no other request passes through it.

    Raises:
        Http404: there is none.
    """
    answer: HttpResponseBase = _files()(request)
    return answer


@cache
def _files() -> WhiteNoiseMiddleware:
    return WhiteNoiseMiddleware(_not_found)


def _not_found(request: HttpRequest) -> HttpResponseBase:
    raise Http404
