"""The middleware that says which route a request took, and refuses hosts that are not ours."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware

from .endpoints import template
from .measured import UNCOUNTED
from .wsgi import MEASURED


class HttpMetricsMiddleware(CommonMiddleware):
    """Django's own first checks, and the request's route once the resolver has found it."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Refuse a Host that is not in ALLOWED_HOSTS; machines ask by address, so not theirs."""
        if request.path in UNCOUNTED:
            return None
        return super().process_request(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> None:
        """The route is known; the view has not been called."""
        measured = request.META.get(MEASURED)  # not there for Django's own test client
        if measured is not None and request.resolver_match is not None:
            measured.routed(template(request.resolver_match.route))
