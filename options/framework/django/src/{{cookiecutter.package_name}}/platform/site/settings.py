"""The settings of the Django site."""

from pydantic import Field

from ..core.config import Settings


class SiteSettings(Settings):
    """Whom Django answers, and how much it shows of itself."""

    allowed_hosts: str = Field(
        "localhost,127.0.0.1,[::1]",
        description="Host names that are answered, with commas between; `.example.org` is every "
        "name under it, `*` any. Probes and /metrics answer to any.",
    )
    debug: bool = Field(
        False, description="Error pages with source and settings; only ENVIRONMENT development."
    )
