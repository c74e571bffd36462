"""What `/metrics` answers: what this process or all workers counted, as the scraper asks for it."""

import re

from prometheus_client.exposition import choose_encoder

from . import registry, sharing

# prometheus_client raises where the version that a scraper asks for is none.
_NO_VERSION = re.compile(r"version=(?![0-9]{1,9}(\.[0-9]{1,9}){2}\s*(;|$))")


def render(accept: str | None) -> tuple[bytes, str]:
    """The exposition and its content type, for the Accept header of the scraper.

    What cannot be read in the header counts as absent.
    """
    ranges = (accept or "").split(",")
    readable = ",".join(one for one in ranges if not _NO_VERSION.search(one))
    encode, content_type = choose_encoder(readable)
    together = sharing.processes
    read = registry.active.collectors if together is None else together.collector
    return encode(read), content_type
