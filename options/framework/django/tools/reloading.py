"""How Django serves with reload: its own development server."""

import os


def command(host: str, port: str) -> list[str]:
    """The arguments of `python -m`, once DEBUG is on."""
    os.environ["DEBUG"] = "true"
    address = f"[{host}]" if ":" in host else host
    return ["django", "runserver", f"{address}:{port}"]
