"""The routes that every service has: metrics, probes and the health report."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse

from ..health.report import Health
from ..metrics.exposition import render


def operations(health: Health) -> APIRouter:
    """The router for machines and operators; not part of the API's schema.

    These are plain functions, so they run in the thread pool: an exposition of thousands of
    series or a slow check never holds up the event loop.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    def metrics(accept: Annotated[str | None, Header()] = None) -> Response:
        body, content_type = render(accept)
        return Response(body, headers={"content-type": content_type})

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        ready, body = health.ready()
        return JSONResponse(body, status_code=200 if ready else 503)

    @router.get("/health")
    @router.get("/api/health")
    def report(accept: Annotated[str, Header()] = "") -> JSONResponse:
        status, body = health.report()
        wants_health = "application/health+json" in accept
        media_type = "application/health+json" if wants_health else "application/json"
        return JSONResponse(body, status_code=status, media_type=media_type)

    return router
