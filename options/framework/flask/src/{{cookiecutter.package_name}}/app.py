"""The application: ordinary Flask, and one call that brings the platform in."""

from .platform.web import MeasuredFlask, install


def create_app() -> MeasuredFlask:
    """Make the application with the routes of every component."""
    app = MeasuredFlask(__name__)
    install(app)
    return app


app = create_app()
