"""What `/metrics` answers: the current registry, in the format that the scraper asks for."""

from prometheus_client.exposition import choose_encoder

from . import registry


def render(accept: str | None) -> tuple[bytes, str]:
    """The exposition and its content type.

    Args:
        accept: the scraper's Accept header; OpenMetrics and the text format are known.
    """
    encode, content_type = choose_encoder(accept or "")
    return encode(registry.active.collectors), content_type
