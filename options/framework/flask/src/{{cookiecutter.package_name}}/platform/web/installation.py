"""Brings the platform into a Flask application."""

import sys
from collections.abc import Sequence

from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, ClientDisconnected

from ..core.components import Component
from ..core.config import ServiceSettings, load
from ..core.logging import error_body
from ..core.validation import InvalidRequest
from .metrics import CLIENT_GONE
from .middleware import MeasuredFlask
from .service import Service


def install(app: MeasuredFlask, components: Sequence[Component] | None = None) -> None:
    """Bring in the components, by default all there are, health, metrics and error bodies.

    Extensions, blueprints, hooks and error handlers may be added before and after. What it brings is
    `app.extensions["service"]`. SettingsError or ComponentError says what to change.
    """
    app.service = app.extensions["service"] = Service(components)
    app.config["SECRET_KEY"] = load(ServiceSettings).secret_key.get_secret_value()
    # No limit, but only with one does Werkzeug tell a client that left from a view that failed.
    app.config["MAX_CONTENT_LENGTH"] = sys.maxsize
    # What goes wrong while a body is read is the client's error, not the view's.
    answer = app.register_error_handler
    answer(InvalidRequest, lambda error: (error_body(error.detail), error.status))
    answer(ParseException, lambda error: BadRequest())  # of gunicorn, for chunks
    answer(ClientDisconnected, lambda error: ("", CLIENT_GONE))
    for component in app.service.components:
        if component.routes is not None:
            app.register_blueprint(component.routes)
