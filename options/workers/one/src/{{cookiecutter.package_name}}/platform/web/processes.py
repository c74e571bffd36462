"""One process serves; the server replaces it when it dies, and more replicas are how to scale."""

from typing import Any

from pydantic import Field, field_validator

from ..core.config import Settings, load


class OneProcess(Settings):
    """What several processes would be told, so that nobody believes that they serve."""

    workers: str = Field("", description="None but one.")
    max_requests: str = Field("", description="None: what a process counted ends with it.")

    @field_validator("workers", "max_requests")
    @classmethod
    def _is_not_offered(cls, value: str) -> str:
        if value not in ("", "0", "1"):
            raise ValueError(
                "this service is generated for one process: unset it and start more replicas, "
                "or generate the service with workers=several"
            )
        return value


def prepare() -> dict[str, Any]:
    """What gunicorn is told about its processes, by its own names for settings and hooks.

    Raises:
        SettingsError: somebody asks for several processes.
    """
    load(OneProcess)
    return {"workers": 1}
