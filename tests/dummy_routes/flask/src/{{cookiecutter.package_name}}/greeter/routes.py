"""The HTTP interface of the greeter."""

from flask import Blueprint

from . import service

router = Blueprint("greeter", __name__, url_prefix="/api/greeter")


@router.get("/<name>")
def greet(name: str) -> dict[str, str]:
    """Greet a guest by name."""
    return {"greeting": service.greet(name)}
