"""The web adapter of Django: the components' URLs, errors as JSON, and what a request must be like."""

from ..core.validation import InvalidRequest, read_body, read_path, read_query
from . import errors
from .urls import component_urls

__all__ = [
    "InvalidRequest",
    "component_urls",
    "errors",
    "read_body",
    "read_path",
    "read_query",
]
