"""The web adapter: how requests reach the components, are checked, and are measured."""

from ..core.validation import InvalidRequest, read_body, read_path, read_query
from .installation import install
from .middleware import MeasuredFlask

__all__ = ["InvalidRequest", "MeasuredFlask", "install", "read_body", "read_path", "read_query"]
