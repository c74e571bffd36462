"""The settings of the Django site."""

from pydantic import field_validator

from ..core.config import Settings


class SiteSettings(Settings):
    """Whom Django answers, and how much it shows of itself."""

    allowed_hosts: str = "localhost,127.0.0.1,[::1]"
    """Host names that are answered, with commas between; `.example.org` is every name under it, `*`
    any. Probes and /metrics answer to any."""
    csrf_trusted_origins: str = ""
    """Origins whose forms are taken besides the service's own, with commas between, like
    `https://admin.example.org`."""
    debug: bool = False
    """Error pages with source and settings; only ENVIRONMENT development."""

    @field_validator("csrf_trusted_origins")
    @classmethod
    def _have_a_scheme(cls, value: str) -> str:
        if not all("://" in origin for origin in _listed(value)):
            raise ValueError("must begin with a scheme each, like https://admin.example.org")
        return value

    @property
    def hosts(self) -> list[str]:
        """The hosts one by one."""
        return _listed(self.allowed_hosts)

    @property
    def origins(self) -> list[str]:
        """The trusted origins one by one."""
        return _listed(self.csrf_trusted_origins)


def _listed(text: str) -> list[str]:
    return [part for part in map(str.strip, text.split(",")) if part]
