"""Measures generating against an empty template, and what a newcomer waits for afterwards; prints a table."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bakery import ROOT, TREE, Bakery, Project, environment
from server import serving

ROUNDS = 5
PROMISES = {
    "generate, relative to an empty template": 1.5,
    "answers to green tests (s)": 10.0,
    "generated suite (s)": 5.0,
    "start to ready (s)": 1.5,
}


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes, in seconds of wall time."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def empty_template(folder: Path) -> Path:
    """Make a template of one question and one empty file."""
    (folder / TREE).mkdir(parents=True)
    (folder / TREE / "file").touch()
    (folder / "cookiecutter.json").write_text('{"project_slug": "empty"}\n', encoding="utf-8")
    return folder


def generate(template: Path, output: Path, bakery: Bakery) -> None:
    """Run the command line, as a process of its own."""
    command = [str(Path(sys.executable).with_name("cookiecutter")), str(template), "--no-input"]
    where = ["--config-file", str(bakery.config), "--output-dir", str(output)]
    subprocess.run([*command, *where], env=environment(), check=True, stdout=subprocess.DEVNULL)


def measure(folder: Path) -> dict[str, float]:
    """Return the median of each figure; the two templates take turns."""
    bakery = Bakery(folder)
    empty = empty_template(folder / "empty")
    times: dict[str, list[float]] = {"empty": [], "ours": []}
    for turn in range(ROUNDS):
        for name, template in (("empty", empty), ("ours", ROOT)):
            output = folder / f"{name}-{turn}"
            times[name].append(seconds(lambda template=template, output=output: generate(template, output, bakery)))  # type: ignore[misc]
    medians = {name: statistics.median(taken) for name, taken in times.items()}

    project = Project(folder / "ours-0" / "example-service")
    to_green = medians["ours"] + seconds(lambda: project.run("make", "test"))
    suite = statistics.median(seconds(lambda: project.run("make", "test")) for _ in range(ROUNDS))
    starts = []
    for _ in range(ROUNDS):
        with serving(project) as server:
            starts.append(server.seconds_to_ready)
    return {
        "generate, empty template (s)": medians["empty"],
        "generate, this template (s)": medians["ours"],
        "generate, relative to an empty template": medians["ours"] / medians["empty"],
        "answers to green tests (s)": to_green,
        "generated suite (s)": suite,
        "start to ready (s)": statistics.median(starts),
    }


def main() -> None:
    """Print each figure beside its promise."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder).resolve())
    print(f"{'figure':<42}{'median of ' + str(ROUNDS):>12}{'promise':>10}")
    for name, value in figures.items():
        print(f"{name:<42}{value:>12.2f}{PROMISES.get(name, ''):>10}")


if __name__ == "__main__":
    main()
