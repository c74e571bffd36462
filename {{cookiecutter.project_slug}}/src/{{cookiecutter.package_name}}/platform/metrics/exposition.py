"""What `/metrics` answers: what this process or all workers counted, as the scraper asks for it."""

from prometheus_client.exposition import choose_encoder

from . import registry, sharing


def render(accept: str | None) -> tuple[bytes, str]:
    """The exposition and its content type, for the Accept header of the scraper."""
    encode, content_type = choose_encoder(accept or "")
    if sharing.processes is not None:
        return sharing.processes.expose(encode, content_type), content_type
    return encode(registry.active.collectors), content_type
