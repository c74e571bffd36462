"""The contenders on Flask, driven through WSGI."""

from time import perf_counter
from typing import Any

from flask import Flask, request
from limit import NAMED, LimitMetrics, identify, request_id
from measuring import Serve
from prometheus_client import CollectorRegistry
from wsgi import driver


class LimitFlask(Flask):
    """The smallest usable instrumentation: see limit.py."""

    def __init__(self, *, named: bool) -> None:
        super().__init__("bench")
        self.named = named
        self.metrics = LimitMetrics()

    def full_dispatch_request(self, *arguments: Any) -> Any:
        start = perf_counter()
        metrics = self.metrics
        metrics.in_progress.inc()
        if self.named:
            own = identify(request.environ.get("HTTP_X_REQUEST_ID"))
        status = 500
        try:
            response = super().full_dispatch_request(*arguments)
            status = response.status_code
            if self.named:
                response.headers["X-Request-ID"] = own
            return response
        finally:
            metrics.in_progress.dec()
            asked = request._get_current_object()  # noqa: SLF001 - what Flask's documentation tells to call
            rule = asked.url_rule
            inc, observe = metrics[asked.method, rule.rule if rule else "unmatched", status]
            inc()
            observe(perf_counter() - start)
            if self.named:
                request_id.set("")


def made(name: str) -> Flask:
    """Make an application as that contender has it, and import no other: some change the framework by that."""
    if name in ("limit", NAMED):
        return LimitFlask(named=name == NAMED)
    if name == "ours":
        from service.platform.web import MeasuredFlask, install

        measured: Flask = MeasuredFlask("bench")
        install(measured, [])
        measured.secret_key = None  # with one Flask reads a session of each request, 19 µs; nobody else has one here
        return measured
    app = Flask("bench")
    if name == "prometheus-flask-exporter":
        from prometheus_flask_exporter import PrometheusMetrics

        PrometheusMetrics(app, path=None, group_by="url_rule", registry=CollectorRegistry())
    elif name == "opentelemetry-instrumentation-flask":
        from opentelemetry.instrumentation.flask import FlaskInstrumentor
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader

        FlaskInstrumentor.instrument_app(app, meter_provider=MeterProvider([InMemoryMetricReader()]))
    return app


def contender(name: str, routes: int) -> Serve:
    """Return a contender's application of so many routes, ready to serve."""

    def item(number: int) -> dict[str, int]:
        return {"number": number}

    app = made(name)
    for index in range(routes):
        app.add_url_rule(f"/items-{index}/<int:number>", f"items-{index}", item)
    return driver(app, f"/items-{routes - 1}/7")
