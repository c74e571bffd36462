"""The settings of the workers: how many there are, and how long each of them serves."""

from pydantic import Field

from ..core.config import Settings


class WorkerSettings(Settings):
    """Processes that serve and count as one."""

    workers: int = Field(1, ge=1, le=64)
    """Processes that serve; with one, scale by replicas instead."""
    max_requests: int = Field(0, ge=0)
    """Replace a worker after so many requests and up to a tenth more; 0 for never."""
