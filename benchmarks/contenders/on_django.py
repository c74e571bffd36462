"""The contenders on Django, driven through WSGI; each beside Django's CommonMiddleware, as projects have it.

Ours takes the place of CommonMiddleware and does its work too.
"""

from collections.abc import Callable
from time import perf_counter
from wsgiref.types import WSGIApplication

import django
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="of the benchmark", USE_TZ=True, LOGGING_CONFIG=None)  # noqa: S106 - signs nothing
django.setup()

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test.utils import override_settings
from django.urls import path as at
from limit import LimitMetrics
from measuring import Serve
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from service.health.window import RequestWindow
from service.web.middleware import HttpMetricsMiddleware, MeasuredDjango
from service.web.routes import Urls
from wsgi import driver

COMMON = "django.middleware.common.CommonMiddleware"


def limit_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Make the smallest usable middleware: see limit.py."""
    metrics = LimitMetrics()

    def measured(request: HttpRequest) -> HttpResponse:
        start = perf_counter()
        metrics.in_progress.inc()
        status = 500
        try:
            response = get_response(request)
            status = response.status_code
            return response
        finally:
            metrics.in_progress.dec()
            match = request.resolver_match
            inc, observe = metrics[str(request.method), match.route if match else "unmatched", status]
            inc()
            observe(perf_counter() - start)

    return measured


def item(_request: HttpRequest, number: int) -> JsonResponse:
    """Answer with the number."""
    return JsonResponse({"number": number})


MIDDLEWARE = {
    "bare": [COMMON],
    "limit": [f"{__name__}.limit_middleware", COMMON],
    "ours": [f"{HttpMetricsMiddleware.__module__}.{HttpMetricsMiddleware.__qualname__}"],
    "django-prometheus": [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        COMMON,
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ],
    "opentelemetry-instrumentation-django": [COMMON],
}


def application(name: str, urls: Urls) -> WSGIApplication:
    """Make the same small application for each contender."""
    with override_settings(MIDDLEWARE=MIDDLEWARE[name]):
        if name.startswith("opentelemetry"):
            DjangoInstrumentor().instrument(meter_provider=MeterProvider([InMemoryMetricReader()]))
        return MeasuredDjango(urls, RequestWindow(), None) if name == "ours" else WSGIHandler()


def contenders(routes: int) -> dict[str, Serve]:
    """Return each contender's application of so many routes, ready to serve."""
    urls = Urls([at(f"items-{index}/<int:number>", item) for index in range(routes)])
    settings.ROOT_URLCONF = urls
    path = f"/items-{routes - 1}/7"
    return {name: driver(application(name, urls), path) for name in MIDDLEWARE}
