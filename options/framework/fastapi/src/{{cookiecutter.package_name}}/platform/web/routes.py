"""The routes that every service has: metrics, probes and the health report."""

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ..health.report import Health

# Threads apart from those of the API: a probe does not wait behind forty slow requests.
OPERATIONS_THREADS = 4


def add_operations(router: APIRouter, health: Health) -> None:
    """Add the routes for machines and operators.

    What may take long, an exposition of thousands of series or a slow check, runs in a thread: it
    never holds up the event loop.
    """
    threads = CapacityLimiter(OPERATIONS_THREADS)

    @router.api_route("/metrics", methods=["GET", "HEAD"])
    async def metrics(request: Request) -> Response:
        asked = _accepted(request), _authorization(request)
        status, body, headers = await run_sync(health.scrape, *asked, limiter=threads)
        return Response(body, status, headers)

    @router.api_route("/livez", methods=["GET", "HEAD"])
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def readyz(request: Request) -> JSONResponse:
        ready, body = await run_sync(health.ready, _authorization(request), limiter=threads)
        return JSONResponse(body, status_code=200 if ready else 503)

    @router.api_route("/health", methods=["GET", "HEAD"])
    @router.api_route("/api/health", methods=["GET", "HEAD"])
    async def report(request: Request) -> JSONResponse:
        status, body = await run_sync(health.report, _authorization(request), limiter=threads)
        wants_health = "application/health+json" in _accepted(request)
        media_type = "application/health+json" if wants_health else "application/json"
        return JSONResponse(body, status_code=status, media_type=media_type)


def _accepted(request: Request) -> str:
    return ",".join(request.headers.getlist("accept"))


def _authorization(request: Request) -> str | None:
    return request.headers.get("authorization")
