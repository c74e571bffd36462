"""What one application and the platform share: the components, their lifecycle, and their health."""

from collections.abc import Sequence

from ..core.about import about
from ..core.components import Component, discover
from ..core.lifecycle import Lifecycle
from ..health.report import Health
from ..metrics import bound


class Service:
    """The platform's part of one application; `install` of each framework makes it.

    Args:
        components: those to serve; all that `discover` finds where none are given.

    Raises:
        ComponentError: a component does not keep to the form.
        SettingsError: a setting is wrong.
    """

    def __init__(self, components: Sequence[Component] | None = None) -> None:
        self.components = tuple(discover() if components is None else components)
        self.lifecycle = Lifecycle(self.components, bound)
        self.health = Health(self.lifecycle, self.components, about().version)
        self.window = self.health.window
