"""Whether the service lives, is ready, and what it reports of itself."""

from .checks import register_health_check
from .report import get_health_status

__all__ = ["get_health_status", "register_health_check"]
