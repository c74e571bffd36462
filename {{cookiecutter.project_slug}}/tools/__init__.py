"""What developers run and production does not ship: `python -m tools`, with `--help`."""
