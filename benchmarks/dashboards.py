"""Writes the dashboards of the generated service from its panels, each beside the panels that it shows."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASE = ROOT / "{{cookiecutter.project_slug}}"
OWNERS = (ROOT / "options" / "deployment" / "compose", ROOT / "options" / "jobs" / "command")
GRAFANA = Path("monitoring", "grafana")
SLOT = re.compile(r"^# parts: ([a-z-]+)\n", re.MULTILINE)


def parts_of(slot: re.Match[str]) -> str:
    """Return what every owner has for a slot."""
    found = [owner / "_parts" / slot[1] for owner in OWNERS]
    return "".join(path.read_text(encoding="utf-8") for path in found if path.exists())


def main() -> None:
    """Lay the panels of all owners together, make the dashboards, and bring each back to its owner."""
    with tempfile.TemporaryDirectory() as name:
        together = Path(name)
        for owner in OWNERS:
            shutil.copytree(owner / GRAFANA, together / GRAFANA, dirs_exist_ok=True)
        index = together / GRAFANA / "dashboards.yaml"
        index.write_text(SLOT.sub(parts_of, index.read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-B", "-m", "tools.dashboards"]
        subprocess.run(command, cwd=together, env={**os.environ, "PYTHONPATH": str(BASE)}, check=True)
        for made in sorted((together / GRAFANA / "dashboards").glob("*.json")):
            places = [owner / GRAFANA / "dashboards" / made.name for owner in OWNERS]
            shutil.copy(made, next((place for place in places if place.exists()), places[0]))


if __name__ == "__main__":
    main()
