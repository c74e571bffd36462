"""The settings of polling: how often."""

from pydantic import Field

from ..core.config import Settings


class PollingSettings(Settings):
    """How often metrics are polled."""

    polling_interval_seconds: float = Field(30.0, ge=0.1, le=86400)
    """Time between two polls, and before the first; in seconds."""
