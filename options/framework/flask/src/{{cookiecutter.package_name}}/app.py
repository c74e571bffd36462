"""The application: ordinary Flask, and one call that brings the platform in."""

from .platform.web import MeasuredFlask, install


def create_app() -> MeasuredFlask:
    """Make the application with the routes of every component."""
    app = MeasuredFlask(__name__)
    install(app)

    @app.get("/")
    def index() -> dict[str, str]:
        return {"api": "/api/bookmarks", "health": "/health", "metrics": "/metrics"}

    return app


app = create_app()
