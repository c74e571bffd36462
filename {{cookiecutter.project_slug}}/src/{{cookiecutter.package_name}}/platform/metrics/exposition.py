"""What `/metrics` answers: what this process or all workers counted, as the scraper asks for it."""

import re

from prometheus_client.exposition import choose_encoder

from . import registry

# A range of the Accept header whose version is none: prometheus_client would raise.
_UNREADABLE = re.compile(r"(^|,)[^,]*version=(?![0-9]{1,9}(\.[0-9]{1,9}){2}\s*(;|,|$))[^,]*")


def render(accept: str | None) -> tuple[bytes, str]:
    """The exposition and its content type; what cannot be read in the header counts as absent."""
    encode, content_type = choose_encoder(_UNREADABLE.sub("", accept or ""))
    return encode(registry.active.scraped), content_type
