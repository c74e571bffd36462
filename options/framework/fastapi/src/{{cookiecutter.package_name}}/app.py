"""The application: FastAPI as its documentation has it, and one call that brings the platform in."""

from fastapi import FastAPI

from .platform.core import about
from .platform.web import install


def create_app() -> FastAPI:
    """The application with every component; routers and middleware of your own go here."""
    service = about()
    app = FastAPI(title=service.title, version=service.version, description=service.summary)
    install(app)

    @app.get("/", include_in_schema=False)
    def index() -> dict[str, str]:
        return {"api": "/docs", "health": "/health", "metrics": "/metrics"}

    return app


app = create_app()
