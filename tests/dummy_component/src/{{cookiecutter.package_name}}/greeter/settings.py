"""The settings of the greeter."""

from pydantic import Field

from ..platform.core import Settings


class GreeterSettings(Settings):
    """How guests are greeted."""

    greeter_word: str = Field("Hello", description="What a greeting begins with.")
