"""The web adapter: it brings the platform into a FastAPI application, and measures its requests."""

from .installation import install

__all__ = ["install"]
