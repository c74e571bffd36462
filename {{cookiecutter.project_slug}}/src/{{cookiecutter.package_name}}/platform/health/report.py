"""What probes, the health report and scrapes are answered, whatever the web framework."""

from collections.abc import Sequence
from hmac import compare_digest
from typing import Any, ClassVar, Self

from ..core.components import Component
from ..core.config import load
from ..core.lifecycle import Lifecycle
from ..metrics import registry
from .checks import CheckRunner, checks_of
from .settings import HealthSettings
from .window import RequestWindow

NEEDS_TOKEN = b'{"detail": "needs the header Authorization: Bearer with OPERATIONS_TOKEN"}'


class Health:
    """Answers for one service: `ready` for readiness, `report` for people and monitors.

    Each is given the Authorization header: one that cannot be read counts as absent.
    """

    last: ClassVar[Self | None] = None

    def __init__(self, lifecycle: Lifecycle, components: Sequence[Component], version: str) -> None:
        self.window = RequestWindow()
        self._lifecycle = lifecycle
        self._version = version
        settings = load(HealthSettings)
        self._details = settings.details
        self._token = settings.operations_token.get_secret_value().encode().strip()
        self._runner = CheckRunner(checks_of(components), settings)
        Health.last = self

    def ready(self, authorization: str | None = None) -> tuple[bool, dict[str, str]]:
        """Whether the service is up and no required check fails; to whom details are shown, which."""
        if self._lifecycle.state != "ready":
            return False, {"status": self._lifecycle.state}
        results = self._runner.results().items()
        failed = [name for name, one in results if one["required"] and one["status"] != "ok"]
        if failed:
            shown = {"failed": ", ".join(failed)} if self._shows_details(authorization) else {}
            return False, {"status": "unready", **shown}
        return True, {"status": "ready"}

    def report(self, authorization: str | None = None) -> tuple[int, dict[str, Any]]:
        """The HTTP status, 503 if unhealthy, and the health report, or of it the status alone."""
        body = self.details()
        shown = body if self._shows_details(authorization) else {"status": body["status"]}
        return (503 if body["status"] == "unhealthy" else 200), shown

    def details(self) -> dict[str, Any]:
        """The whole report: checks and outcomes, but no exception text, no address, no setting.

        It is `degraded` if an optional check fails; its `scope` is `one` where it speaks for one of
        several workers, else `all`.
        """
        results = self._runner.results()
        failing = [one["required"] for one in results.values() if one["status"] != "ok"]
        if self._lifecycle.state != "ready" or any(failing):
            status = "unhealthy"
        else:
            status = "degraded" if failing else "healthy"
        return {
            "status": status,
            "version": self._version,
            "scope": "one" if registry.active.several else "all",
            **self.window.summary(),
            "slow_requests": self.window.slow(),
            "checks": results,
        }

    def scrape(
        self, accept: str | None, authorization: str | None
    ) -> tuple[int, bytes, dict[str, str]]:
        """The status, the body and the headers of the answer to a scrape."""
        if self._token and not self._has_token(authorization):
            json = {"content-type": "application/json", "www-authenticate": "Bearer"}
            return 401, NEEDS_TOKEN, json
        body, content_type = registry.render(accept)
        return 200, body, {"content-type": content_type}

    def _shows_details(self, authorization: str | None) -> bool:
        if self._details == "authorized":
            return self._has_token(authorization)
        return self._details == "always"

    def _has_token(self, authorization: str | None) -> bool:
        scheme, _, token = (authorization or "").encode("latin-1", "replace").partition(b" ")
        known = scheme.lower() == b"bearer" and compare_digest(token.strip(), self._token)
        return known and self._token != b""


def get_health_status() -> dict[str, Any]:
    """The details of the service that this process made last; RuntimeError if there is none yet."""
    if Health.last is None:
        raise RuntimeError("no service was made in this process: call `install` before")
    return Health.last.details()
