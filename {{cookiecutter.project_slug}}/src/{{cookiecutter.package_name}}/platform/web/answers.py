"""What is answered alike in every framework: errors, and what machines and operators ask."""

import json
from typing import Any

from ..core.logging import request_id
from ..health.report import Health

# Asked by machines every few seconds; counting them would drown the users' requests. The outermost
# layer answers these paths: nothing else stands in their way, and no scrape sees itself in progress.
OPERATIONS = frozenset(("/metrics", "/livez", "/readyz", "/health", "/api/health"))


def error_body(detail: object) -> dict[str, object]:
    """The body of every error: what is wrong, and the request's name, as the log has it."""
    name = request_id.get()
    return {"detail": detail, "request_id": name} if name else {"detail": detail}


def operation(
    health: Health, method: str, path: str, accept: str | None, authorization: str | None
) -> tuple[bytes, int, dict[str, str]]:
    """Body, status and headers of the answer for one of OPERATIONS, which serve GET and HEAD."""
    headers = {"content-type": "application/json"}
    body: Any
    if method not in ("GET", "HEAD"):
        status, body, headers["allow"] = 405, error_body("Method Not Allowed"), "GET, HEAD"
    elif path == "/metrics":
        status, body, headers = health.scrape(accept, authorization)
    elif path == "/livez":
        status, body = 200, {"status": "alive"}
    elif path == "/readyz":
        ready, body = health.ready(authorization)
        status = 200 if ready else 503
    else:
        status, body = health.report(authorization)
        if "application/health+json" in (accept or ""):
            headers["content-type"] = "application/health+json"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers["content-length"] = str(len(content))
    return b"" if method == "HEAD" else content, status, headers
