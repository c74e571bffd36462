"""The contenders on Flask, driven through WSGI."""

from time import perf_counter
from typing import Any

from flask import Flask, request
from limit import LimitMetrics
from measuring import Serve
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry
from prometheus_flask_exporter import PrometheusMetrics
from service.health.window import RequestWindow
from service.web.middleware import MeasuredFlask
from wsgi import driver


class LimitFlask(Flask):
    """The smallest usable instrumentation: see limit.py."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.metrics = LimitMetrics()

    def full_dispatch_request(self, *arguments: Any) -> Any:
        start = perf_counter()
        metrics = self.metrics
        metrics.in_progress.inc()
        status = 500
        try:
            response = super().full_dispatch_request(*arguments)
            status = response.status_code
            return response
        finally:
            metrics.in_progress.dec()
            asked = request
            rule = asked.url_rule
            inc, observe = metrics[asked.method, rule.rule if rule else "unmatched", status]
            inc()
            observe(perf_counter() - start)


def opentelemetry(app: Flask) -> None:
    """Instrument with OpenTelemetry, which keeps its figures in memory, as a Prometheus reader would."""
    FlaskInstrumentor.instrument_app(app, meter_provider=MeterProvider([InMemoryMetricReader()]))


def application(name: str, routes: int) -> Flask:
    """Make the same small application for each contender."""
    if name == "ours":
        app: Flask = MeasuredFlask("bench", RequestWindow(), None)
    elif name == "limit":
        app = LimitFlask("bench")
    else:
        app = Flask("bench")

    def item(number: int) -> dict[str, int]:
        return {"number": number}

    for index in range(routes):
        app.add_url_rule(f"/items-{index}/<int:number>", f"items-{index}", item)
    if name == "prometheus-flask-exporter":
        PrometheusMetrics(app, path=None, group_by="url_rule", registry=CollectorRegistry())
    elif name == "opentelemetry-instrumentation-flask":
        opentelemetry(app)
    return app


NAMES = ("bare", "limit", "ours", "prometheus-flask-exporter", "opentelemetry-instrumentation-flask")


def contenders(routes: int) -> dict[str, Serve]:
    """Return each contender's application of so many routes, ready to serve."""
    path = f"/items-{routes - 1}/7"
    return {name: driver(application(name, routes), path) for name in NAMES}
