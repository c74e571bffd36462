"""The contenders on Django, driven through WSGI; each beside Django's CommonMiddleware, as projects have it."""

from collections.abc import Callable
from time import perf_counter
from wsgiref.types import WSGIApplication

import django
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="of the benchmark", USE_TZ=True, LOGGING_CONFIG=None)  # noqa: S106 - signs nothing
django.setup()

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern
from django.urls import path as at
from limit import NAMED, LimitMetrics, identify, request_id
from measuring import Serve
from wsgi import driver

COMMON = "django.middleware.common.CommonMiddleware"


def limit_middleware(
    get_response: Callable[[HttpRequest], HttpResponse], *, named: bool = False
) -> Callable[[HttpRequest], HttpResponse]:
    """Make the smallest usable middleware: see limit.py."""
    metrics = LimitMetrics()

    def measured(request: HttpRequest) -> HttpResponse:
        start = perf_counter()
        metrics.in_progress.inc()
        if named:
            own = identify(request.META.get("HTTP_X_REQUEST_ID"))
        status = 500
        try:
            response = get_response(request)
            status = response.status_code
            if named:
                response["X-Request-ID"] = own
            return response
        finally:
            metrics.in_progress.dec()
            match = request.resolver_match
            inc, observe = metrics[str(request.method), match.route if match else "unmatched", status]
            inc()
            observe(perf_counter() - start)
            if named:
                request_id.set("")

    return measured


def named_limit_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Make the one that names requests too."""
    return limit_middleware(get_response, named=True)


def item(_request: HttpRequest, number: int) -> JsonResponse:
    """Answer with the number."""
    return JsonResponse({"number": number})


class Urls:
    """What Django calls a URL configuration."""

    def __init__(self, urlpatterns: list[URLPattern]) -> None:
        self.urlpatterns = urlpatterns


MIDDLEWARE = {
    "ours": ["service.platform.web.middleware.ServiceMiddleware", COMMON],
    "limit": [f"{__name__}.limit_middleware", COMMON],
    NAMED: [f"{__name__}.named_limit_middleware", COMMON],
    "django-prometheus": [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        COMMON,
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ],
}


def application(name: str, urls: Urls) -> WSGIApplication:
    """Make the application as that contender has it, and import no other: some change the framework by that."""
    settings.ROOT_URLCONF = urls
    settings.MIDDLEWARE = MIDDLEWARE.get(name, [COMMON])
    if name == "ours":
        from service.platform.web.running import running
        from service.platform.web.service import Service

        running.start(Service([]))
    if name == "opentelemetry-instrumentation-django":
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader

        DjangoInstrumentor().instrument(meter_provider=MeterProvider([InMemoryMetricReader()]))
    return WSGIHandler()


def contender(name: str, routes: int) -> Serve:
    """Return a contender's application of so many routes, ready to serve."""
    urls = Urls([at(f"items-{index}/<int:number>", item) for index in range(routes)])
    return driver(application(name, urls), f"/items-{routes - 1}/7")
