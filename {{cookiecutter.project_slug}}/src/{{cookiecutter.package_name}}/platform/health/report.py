"""What the probes and the health report say, whatever the web framework."""

from collections.abc import Sequence
from typing import Any

from ..core.components import Component
from ..core.config import load
from ..core.lifecycle import Lifecycle, State
from ..metrics import registry
from .checks import CheckRunner, checks_of
from .settings import HealthSettings
from .window import RequestWindow


class Health:
    """Answers for one service: `ready` for readiness, `report` for people and monitors."""

    def __init__(self, lifecycle: Lifecycle, components: Sequence[Component], version: str) -> None:
        self.window = RequestWindow()
        self._lifecycle = lifecycle
        self._version = version
        self._runner = CheckRunner(checks_of(components), load(HealthSettings))

    def ready(self) -> tuple[bool, dict[str, str]]:
        """Whether new requests are welcome, and what stands against it.

        They are not while the service starts or stops, or while a required check fails.
        """
        if self._lifecycle.state is not State.READY:
            return False, {"status": self._lifecycle.state.value}
        results = self._runner.results().items()
        failed = [name for name, one in results if one["required"] and one["status"] != "ok"]
        if failed:
            return False, {"status": "unready", "failed": ", ".join(failed)}
        return True, {"status": "ready"}

    def report(self) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the body of the health report.

        `healthy` and `degraded` (an optional check fails) are 200, `unhealthy` is 503. The body
        names checks and outcomes only: no exception text, no address, no setting. Its `scope` is
        `one` where it speaks for one of several workers, else `all`.
        """
        results = self._runner.results()
        failing = [one["required"] for one in results.values() if one["status"] != "ok"]
        if self._lifecycle.state is not State.READY or any(failing):
            status = "unhealthy"
        else:
            status = "degraded" if failing else "healthy"
        return (503 if status == "unhealthy" else 200), {
            "status": status,
            "version": self._version,
            "scope": "one" if registry.active.several else "all",
            **self.window.summary(),
            "checks": results,
        }
