"""The routes that every service has: metrics, probes and the health report."""

from typing import Any

from flask import Blueprint, Response, request

from ..health.report import Health


def operations(health: Health) -> Blueprint:
    """The routes for machines and operators; not part of the API."""
    router = Blueprint("operations", __name__)

    @router.get("/metrics")
    def metrics() -> Response:
        headers = request.headers
        status, body, fields = health.scrape(headers.get("accept"), headers.get("authorization"))
        return Response(body, status, fields)

    @router.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        ready, body = health.ready(request.headers.get("authorization"))
        return body, 200 if ready else 503

    @router.get("/health")
    @router.get("/api/health")
    def report() -> tuple[dict[str, Any], int, dict[str, str]]:
        status, body = health.report(request.headers.get("authorization"))
        wants_health = "application/health+json" in request.headers.get("accept", "")
        media_type = "application/health+json" if wants_health else "application/json"
        return body, status, {"content-type": media_type}

    return router
