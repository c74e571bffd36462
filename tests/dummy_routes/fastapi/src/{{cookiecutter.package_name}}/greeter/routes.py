"""The HTTP interface of the greeter."""

from fastapi import APIRouter

from . import service

router = APIRouter(prefix="/api/greeter", tags=["greeter"])


@router.get("/{name}")
def greet(name: str) -> dict[str, str]:
    """Greet a guest by name."""
    return {"greeting": service.greet(name)}
