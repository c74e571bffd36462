"""The tools for the declared metrics: what `python -m` this package offers under `metrics`."""
