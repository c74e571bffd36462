"""Several processes serve and count as one: what they share, and what gunicorn is told of them."""

import logging
from typing import Any

from ..core.config import load
from ..metrics import sharing
from ..workers import directory
from ..workers.settings import WorkerSettings

log = logging.getLogger(__name__)


def prepare() -> None:
    """Prepare what the processes share, before the fork.

    Raises:
        SettingsError: the directory for the metrics is that of another service.
    """
    settings = load(WorkerSettings)
    if settings.workers > 1 or settings.max_requests > 0:
        directory.share()


def options() -> dict[str, Any]:
    """What gunicorn is told about its processes: settings and hooks, by gunicorn's names."""
    settings = load(WorkerSettings)
    return {
        "workers": settings.workers,
        "max_requests": settings.max_requests,
        # So that workers started together do not all stop together.
        "max_requests_jitter": settings.max_requests // 10,
        "child_exit": _merge_metrics,
    }


def _merge_metrics(arbiter: Any, worker: Any) -> None:
    """What a worker counted outlives it; a failure must not end the master, and all workers."""
    try:
        if sharing.processes is not None:
            sharing.processes.merge_dead()
    except Exception:
        log.exception(
            "the metrics of worker %s were not merged; the next exit tries again", worker.pid
        )
