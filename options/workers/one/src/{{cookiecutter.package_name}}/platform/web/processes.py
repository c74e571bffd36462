"""One process serves; the server replaces it when it dies, and more replicas are how to scale."""

from typing import Any

from ..core.variables import SettingsError, given


def prepare() -> dict[str, Any]:
    """What gunicorn is told of its processes, by its own names; SettingsError for several."""
    for name in ("WORKERS", "MAX_REQUESTS"):
        if given().get(name, ("0", ""))[0] not in ("0", "1"):
            raise SettingsError(
                f"{name}: this service is generated for one process: unset it and start more "
                "replicas, or generate the service with workers=several"
            )
    return {"workers": 1}
