"""The routes that every service has: metrics, probes and the health report."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ..health.report import Health
from ..metrics.exposition import render


def add_operations(router: APIRouter, health: Health) -> None:
    """Add the routes for machines and operators.

    Those that are plain functions run in the thread pool: an exposition of thousands of series or a
    slow check never holds up the event loop.
    """

    @router.api_route("/metrics", methods=["GET", "HEAD"])
    def metrics(request: Request) -> Response:
        body, content_type = render(_accepted(request))
        return Response(body, headers={"content-type": content_type})

    @router.api_route("/livez", methods=["GET", "HEAD"])
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    def readyz() -> JSONResponse:
        ready, body = health.ready()
        return JSONResponse(body, status_code=200 if ready else 503)

    @router.api_route("/health", methods=["GET", "HEAD"])
    @router.api_route("/api/health", methods=["GET", "HEAD"])
    def report(request: Request) -> JSONResponse:
        status, body = health.report()
        wants_health = "application/health+json" in _accepted(request)
        media_type = "application/health+json" if wants_health else "application/json"
        return JSONResponse(body, status_code=status, media_type=media_type)


def _accepted(request: Request) -> str:
    return ",".join(request.headers.getlist("accept"))
