"""Metrics that are asked for now and then, because to know them takes a query."""

from .component import register_for_polling

__all__ = ["register_for_polling"]
