"""The settings of the greeter."""

from ..platform.core import Settings


class GreeterSettings(Settings):
    """How guests are greeted."""

    greeter_word: str = "Hello"
    """What a greeting begins with."""
