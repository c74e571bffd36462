"""The seam of the service: a component is a subpackage with a `component.py`."""

import argparse
from asyncio import CancelledError
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutine, isgenerator
from pkgutil import iter_modules
from typing import Any, TypeAlias

from pydantic import Field, create_model

from .config import ServiceSettings, Settings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
FAILURES = (Exception, SystemExit, CancelledError)  # of code that fails; Ctrl-C is for the process


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthCheck:
    """One dependency to probe."""

    name: str  # how the report and the metrics name it
    probe: Callable[[], None]  # returns when it answers, else raises; it runs in a thread
    required: bool = True  # whether the service is unready without it; else it is only degraded


class Event(StrEnum):
    """A moment in the life of the service that a component may subscribe to.

    Subscribers run in threads of their own; one that fails or hangs is logged, and keeps nobody.
    """

    STARTED = "started"  # every component has; the service is ready
    PREPARE_SHUTDOWN = "prepare_shutdown"  # the drain begins; requests are served all along
    SHUTDOWN = "shutdown"  # the last request was answered; components stop next


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Component:
    """What a subpackage brings; every part but the name is optional.

    `serve` calls `prepare` once, before it forks the workers: it leaves no connection open. Each
    worker calls `start` before its first request, and `stop` after its last, in reverse order.
    """

    name: str  # unique; in settings, metrics and logs, so lower case with underscores
    settings: type[Settings] | None = None  # the class its variables are read into
    metrics: tuple[type, ...] = ()  # the metric groups that it declares
    checks: tuple[HealthCheck, ...] = ()  # what readiness and the health report ask
    routes: Any = None  # what the web adapter mounts, of the type that the framework uses
    prepare: Callable[[], object] = lambda: None
    start: Callable[[], object] = lambda: None
    stop: Callable[[], object] = lambda: None
    events: Mapping[Event, Callable[[], object]] = field(default_factory=dict)  # in a worker
    commands: Callable[[Commands], object] = lambda commands: None  # adds to the command line


class ComponentError(Exception):
    """A component does not keep to the form; the message says what to change."""


def call(function: Callable[[], object]) -> None:
    """Call what a component brought; ComponentError where that runs nothing yet."""
    made = function()
    if iscoroutine(made) or isgenerator(made):
        made.close()
        raise ComponentError(f"nothing of {made.__qualname__} ran: use a plain function")


def survivable(error: BaseException, who: str) -> Exception:
    """The error, or one in its place, such as for SystemExit, which would end the process."""
    if isinstance(error, Exception):
        return error
    failed = RuntimeError(f"{who} raised {error!r}")
    failed.__cause__ = error
    return failed


def modules(name: str) -> list[str]:
    """The modules of that name in subpackages: in the platform's, then in those beside it."""
    platform = __package__.rpartition(".")[0]
    found = []
    for root in (platform, platform.rpartition(".")[0]):
        packages = (one.name for one in iter_modules(import_module(root).__path__) if one.ispkg)
        found += [f"{root}.{package}.{name}" for package in sorted(packages)]
    # A part of the platform that has this name is no component's module.
    return [one for one in found if one != f"{platform}.{name}" and find_spec(one) is not None]


def discover() -> tuple[Component, ...]:
    """Every component: those of the platform first, then the team's, each in their folders' order.

    ComponentError if a `component.py` exports no `component`, or two share a name.
    """
    found: dict[str, tuple[str, Component]] = {}
    # To look for a module imports its package: all of them come before the first component, so
    # that one may set up what the others stand on.
    for name in modules("component"):
        component = getattr(import_module(name), "component", None)
        if not isinstance(component, Component):
            raise ComponentError(f"{name} must export one Component, as `component = Component(…)`")
        twin, _ = found.setdefault(component.name, (name, component))
        if twin != name:
            raise ComponentError(f"{name} and {twin} are both named {component.name!r}: rename one")
    return tuple(component for _, component in found.values())


@cache
def collection_switch(component: str) -> type[Settings]:
    """The settings class whose one field, `collect_<component>_metrics`, defaults to true."""
    field = Field(True, description=f"Collect the metrics of {component}.")
    fields: dict[str, Any] = {f"collect_{component}_metrics": (bool, field)}
    return create_model(f"{component.title()}MetricsSwitch", __base__=Settings, **fields)


def settings_of(components: Iterable[Component]) -> dict[type[Settings], str]:
    """Every settings class, with the name of its component; the service's own comes first."""
    owners: dict[type[Settings], str] = {ServiceSettings: "service"}
    for component in components:
        if component.settings is not None:
            owners[component.settings] = component.name
        if component.metrics:
            owners[collection_switch(component.name)] = component.name
    return owners
