"""What developers run and production does not ship: `python -m tools`, with `--help`."""

import os

# Before prometheus_client is imported: in the service's environment a tool would count along.
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
