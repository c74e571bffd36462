"""The component of the greeter."""

from ..platform.core import Component, HealthCheck
from . import service
from .metrics import GreeterMetrics
from .routes import router
from .settings import GreeterSettings

component = Component(
    name="greeter",
    settings=GreeterSettings,
    metrics=(GreeterMetrics,),
    checks=(HealthCheck(name="greeter", probe=service.probe),),
    routes=router,
    start=service.start,
    stop=service.stop,
)
