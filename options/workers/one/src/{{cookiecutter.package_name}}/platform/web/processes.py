"""One process serves; the server replaces it when it dies, and more replicas are how to scale."""

from typing import Any

from ..core.variables import SettingsError, given

RIGHT = "unset it and start more replicas, or generate the service with workers=several"


def prepare() -> dict[str, Any]:
    """What gunicorn is told of its processes, by its own names; SettingsError for several."""
    asked = {name: given().get(name, ("0", ""))[0] for name in ("WORKERS", "MAX_REQUESTS")}
    wrong = [name for name, value in asked.items() if value not in ("0", "1")]
    if wrong:
        one = "this service is generated for one process"
        raise SettingsError("\n".join(f"{name}: {one}: {RIGHT}" for name in wrong))
    return {"workers": 1}
