"""Several processes serve and count as one: what they share, and what gunicorn is told of them."""

from typing import Any

from ..core.config import load
from ..metrics import registry
from ..workers.pool import Workers
from ..workers.settings import WorkerSettings


def prepare() -> dict[str, Any]:
    """Let the processes share what they count; before the fork, and before anything is counted.

    A single process that is never replaced shares nothing, and counts in half the time. What
    gunicorn is told about its processes is returned: settings and hooks, by gunicorn's names.
    """
    settings = load(WorkerSettings)
    options: dict[str, Any] = {
        "workers": settings.workers,
        "max_requests": settings.max_requests,
        # So that workers started together do not all stop together.
        "max_requests_jitter": settings.max_requests // 10,
    }
    if settings.workers > 1 or settings.max_requests > 0:
        together = Workers(settings.workers)
        together.share(registry.active.collectors)
        options |= {
            "pre_fork": together.before_fork,
            "post_fork": together.after_fork,
            "child_exit": together.after_end,
        }
    return options
