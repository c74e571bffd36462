"""Measures generating against an empty template, and what a newcomer waits for afterwards; prints a table."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bakery import ROOT, TREE, Bakery, Project, environment
from server import serving

GENERATIONS = 11
ROUNDS = 5
SUITES = 3  # of the generated suite, and of all until it is green, which take longest
# Where it is there, generating is measured in memory too: a disk takes longer where many files were just deleted.
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
PROMISES = {
    "generate, relative to an empty template": 2.0,
    "the same, in memory": 2.0,
    "answers to green tests (s)": 10.0,
    "answers to green tests, uv on the PATH (s)": 10.0,
    "generated suite (s)": 5.0,
    "start to ready (s)": 1.5,
}


def say(what: str) -> None:
    """Tell the person who waits what is measured now."""
    print(f"  {time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def seconds(action: Callable[..., object], *arguments: object) -> float:
    """Return how long an action takes, in seconds of wall time."""
    start = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - start


def processor_seconds() -> float:
    """Return the CPU time of the processes that ended, in seconds: others on the machine change it less."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    more = {"TMPDIR": str(bakery.folder)}  # Cookiecutter leaves there the hooks that it ran
    subprocess.run([*command, *where], env=environment(**more), check=True, stdout=subprocess.DEVNULL)


def generating(folder: Path, bakery: Bakery) -> dict[str, float]:
    """Return the medians of generating, of the whole process; the two templates take turns."""
    names = {empty_template(folder / "empty"): "empty template", ROOT: "this template"}
    times: dict[Path, list[tuple[float, float]]] = {template: [] for template in names}
    for turn in range(GENERATIONS):
        for template, taken in times.items():
            say(f"generate from {names[template]}, {turn + 1} of {GENERATIONS}")
            before = processor_seconds()
            wall = seconds(generate, template, folder / f"{template.name}-{turn}", bakery)
            taken.append((wall, processor_seconds() - before))
    theirs, ours = ([statistics.median(column) for column in zip(*taken, strict=True)] for taken in times.values())
    return {
        "generate, empty template (s)": theirs[0],
        "generate, this template (s)": ours[0],
        "generate, relative to an empty template": ours[0] / theirs[0],
        "the same, in CPU time": ours[1] / theirs[1],
    }


def to_green_tests(folder: Path, bakery: Bakery, uv: Path) -> tuple[float, Project]:
    """Return the time from the answers to green tests, and the project; `make` finds uv there, or puts it there."""
    say(f"answers to green tests, uv {'on the PATH' if uv.is_absolute() else 'missing'}")
    project = Project(folder / "example-service")
    taken = seconds(generate, ROOT, folder, bakery)
    return taken + seconds(project.run, "make", "test", f"UV={uv}"), project


def generating_everywhere(folder: Path, bakery: Bakery) -> dict[str, float]:
    """Return the medians of generating on the disk, and what is different in memory."""
    figures = generating(folder, bakery)
    if os.access(MEMORY, os.W_OK):
        with tempfile.TemporaryDirectory(dir=MEMORY) as name:
            in_memory = generating(Path(name), bakery)
        figures["the same, in memory"] = in_memory["generate, relative to an empty template"]
    return figures


def waiting(folder: Path, bakery: Bakery) -> dict[str, float]:
    """Return what a newcomer waits for; the suite and the starts are those of a project whose byte code is there."""
    uvs = {"with-uv": ROOT / ".venv/bin/uv", "without-uv": Path(".venv/bin/uv")}
    green: dict[str, list[float]] = {name: [] for name in uvs}
    for turn in range(1 + SUITES):  # the first fills the caches: after ten minutes uv and pip ask the registry anew
        for name, uv in uvs.items():
            taken, project = to_green_tests(folder / f"{name}-{turn}", bakery, uv)
            green[name].append(taken)
    suites, starts = [], []
    for turn in range(SUITES):
        say(f"generated suite, {turn + 1} of {SUITES}")
        suites.append(seconds(project.run, "make", "test"))
    for turn in range(ROUNDS):
        say(f"start to ready, {turn + 1} of {ROUNDS}")
        with serving(project) as server:
            starts.append(server.seconds_to_ready)
    return {
        "answers to green tests (s)": statistics.median(green["without-uv"][1:]),
        "answers to green tests, uv on the PATH (s)": statistics.median(green["with-uv"][1:]),
        "generated suite (s)": statistics.median(suites),
        "start to ready (s)": statistics.median(starts),
    }


def main() -> None:
    """Print each figure beside its promise."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        bakery = Bakery(folder)
        figures = generating_everywhere(folder, bakery) | waiting(folder, bakery)
    print(f"{'figure':<44}{'measured':>10}{'promise':>10}")
    for figure, value in figures.items():
        print(f"{figure:<44}{value:>10.2f}{PROMISES.get(figure, ''):>10}")


if __name__ == "__main__":
    main()
