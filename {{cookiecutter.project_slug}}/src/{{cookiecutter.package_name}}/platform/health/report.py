"""What probes, the health report and scrapes are answered, whatever the web framework."""

import json
from collections.abc import Sequence
from hmac import compare_digest
from time import monotonic
from typing import Any, ClassVar, Self

from ..core import Component, ServiceSettings, about, load
from ..core.lifecycle import Lifecycle
from ..core.logging import error_body
from ..metrics import registry
from .checks import CheckRunner, HealthSettings, checks_of
from .metrics import get_metrics
from .window import RequestWindow

# Asked by machines every few seconds; counting them would drown the users' requests. The outermost
# layer answers these paths: nothing else stands in their way, and no scrape sees itself in progress.
OPERATIONS = frozenset(("/metrics", "/livez", "/readyz", "/health", "/api/health"))


class Health:
    """Answers for one service what machines and operators ask."""

    last: ClassVar[Self | None] = None

    def __init__(self, lifecycle: Lifecycle, components: Sequence[Component]) -> None:
        self.window = RequestWindow()
        self._lifecycle = lifecycle
        self._what_runs = {"name": about().name, "version": about().version}
        settings = load(HealthSettings)
        production = load(ServiceSettings).environment == "production"
        self._details = settings.health_details or ("authorized" if production else "always")
        self._token = settings.operations_token.get_secret_value().encode().strip()
        self._runner = CheckRunner(checks_of(components), settings)
        Health.last = self

    def answer(
        self, method: str, path: str, accept: str | None, authorization: str | None
    ) -> tuple[bytes, int, dict[str, str]]:
        """Body, status and headers of the answer for one of OPERATIONS, which serve GET and HEAD.

        A header that cannot be read counts as absent.
        """
        headers = {"content-type": "application/json"}
        body: Any
        if method not in ("GET", "HEAD"):
            status, body, headers["allow"] = 405, error_body("Method Not Allowed"), "GET, HEAD"
        elif path == "/livez":
            status, body = 200, {"status": "alive"}
        elif path != "/metrics":
            status, body = self.ready() if path == "/readyz" else self.report()
            if not self._admits(self._details, authorization):
                body = {"status": body["status"]}
            if path != "/readyz" and "application/health+json" in (accept or ""):
                headers["content-type"] = "application/health+json"
        elif not self._token or self._admits("authorized", authorization):
            status = 200
            body, headers["content-type"] = self._scrape(accept)
        else:
            status, headers["www-authenticate"] = 401, "Bearer"
            body = error_body("needs the header Authorization: Bearer with OPERATIONS_TOKEN")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers["content-length"] = str(len(content))
        return b"" if method == "HEAD" else content, status, headers

    def ready(self) -> tuple[int, dict[str, str]]:
        """The HTTP status, 503 unless the service is up and no required check fails, and why."""
        if self._lifecycle.state != "ready":
            return 503, {"status": self._lifecycle.state}
        results = self._runner.results().items()
        failed = [name for name, one in results if one["required"] and one["status"] != "ok"]
        if failed:
            return 503, {"status": "unready", "failed": ", ".join(failed)}
        return 200, {"status": "ready"}

    def report(self) -> tuple[int, dict[str, Any]]:
        """The HTTP status, 503 if unhealthy, and the report; no exception text, address or setting.

        It is `degraded` if an optional check fails; its `scope` is `one` where it speaks for one of
        several workers, else `all`.
        """
        results = self._runner.results()
        failing = [one["required"] for one in results.values() if one["status"] != "ok"]
        status = "degraded" if failing else "healthy"
        if self._lifecycle.state != "ready" or any(failing):
            status = "unhealthy"
        return 503 if status == "unhealthy" else 200, {
            "status": status,
            "version": self._what_runs["version"],
            "scope": "one" if registry.active.several else "all",
            **self.window.summary(),
            "slow_requests": self.window.slow(),
            "checks": results,
        }

    def drain(self) -> None:
        """Be no longer ready, though requests are still served; the end is near."""
        get_metrics().active_at_shutdown.set(len(self.window.in_flight))
        self._lifecycle.drain()

    def _scrape(self, accept: str | None) -> tuple[bytes, str]:
        metrics, began = get_metrics(), self._lifecycle.drain_began
        metrics.application.info(self._what_runs)
        metrics.shutting_down.set(bool(began))
        metrics.shutdown_duration.set(monotonic() - began if began else 0)
        return registry.render(accept)

    def _admits(self, whom: str, authorization: str | None) -> bool:
        scheme, _, token = (authorization or "").encode("latin-1", "replace").partition(b" ")
        known = scheme.lower() == b"bearer" and compare_digest(token.strip(), self._token)
        return whom == "always" or (whom == "authorized" and known and self._token != b"")


def get_health_status() -> dict[str, Any]:
    """The whole report of the service that was made last here; RuntimeError if there is none yet."""
    if Health.last is None:
        raise RuntimeError("no service was made in this process: call `install` before")
    return Health.last.report()[1]
