"""Puts the service together: components, routes, middleware, start and stop."""

from collections.abc import Sequence

from ..core.about import about
from ..core.components import Component, discover
from ..core.config import ServiceSettings, load
from ..core.lifecycle import Lifecycle
from ..health.report import Health
from ..metrics.factory import bound
from .errors import answer_errors_as_json
from .middleware import MeasuredFlask
from .routes import operations


def create_app(components: Sequence[Component] | None = None) -> MeasuredFlask:
    """The application, made of these components or of all that `discover` finds.

    Raises:
        ComponentError: a component does not keep to the form.
        SettingsError: a setting is wrong.
    """
    found = discover() if components is None else components
    service = about()
    lifecycle = Lifecycle(found, bound)
    health = Health(lifecycle, found, service.version)

    app = MeasuredFlask(service.name, health.window, lifecycle)
    app.secret_key = load(ServiceSettings).secret_key.get_secret_value()
    answer_errors_as_json(app)
    app.register_blueprint(operations(health))
    for component in found:
        if component.routes is not None:
            app.register_blueprint(component.routes)
    return app
