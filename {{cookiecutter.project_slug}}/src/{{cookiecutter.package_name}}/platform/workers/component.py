"""The component of several workers: it makes them count as one where they count in files."""

import os
from pathlib import Path

from ..core.components import Component
from ..metrics import sharing
from .directory import VARIABLE
from .metrics import WorkerMetrics

if VARIABLE in os.environ:
    # Not without need: files are locked with what POSIX systems alone have.
    from prometheus_client import values

    from .exposition import Workers
    from .values import FileValue

    values.ValueClass = FileValue
    sharing.processes = Workers(Path(os.environ[VARIABLE]))

component = Component(name="workers", metrics=(WorkerMetrics,))
