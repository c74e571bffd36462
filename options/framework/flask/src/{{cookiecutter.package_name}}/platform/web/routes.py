"""The routes that every service has: metrics, probes and the health report."""

from typing import Any

from flask import Blueprint, Response, request

from ..health.report import Health
from ..metrics.exposition import render


def operations(health: Health) -> Blueprint:
    """The routes for machines and operators; not part of the API."""
    router = Blueprint("operations", __name__)

    @router.get("/metrics")
    def metrics() -> Response:
        body, content_type = render(request.headers.get("accept"))
        return Response(body, content_type=content_type)

    @router.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        ready, body = health.ready()
        return body, 200 if ready else 503

    @router.get("/health")
    @router.get("/api/health")
    def report() -> tuple[dict[str, Any], int, dict[str, str]]:
        status, body = health.report()
        wants_health = "application/health+json" in request.headers.get("accept", "")
        media_type = "application/health+json" if wants_health else "application/json"
        return body, status, {"content-type": media_type}

    return router
