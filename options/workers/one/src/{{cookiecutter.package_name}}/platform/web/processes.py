"""One process serves; the server replaces it when it dies, and more replicas are how to scale."""

from typing import Any

from ..core.variables import SettingsError, given

WRONG = "this service is generated for one process"
RIGHT = "unset it and start more replicas, or generate the service with workers=several"


def prepare() -> dict[str, Any]:
    """What gunicorn is told of its processes, by its own names; SettingsError for several."""
    values = {name: value for name, (value, _) in given().items()}
    wrong = [one for one in ("WORKERS", "MAX_REQUESTS") if values.get(one, "0") not in ("0", "1")]
    if wrong:
        raise SettingsError("\n".join(f"{name}: {WRONG}: {RIGHT}" for name in wrong))
    return {"workers": 1}
