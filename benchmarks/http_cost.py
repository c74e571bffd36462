"""Measures what counting and timing add to a request, against the limit and the libraries used elsewhere.

For each framework: bakes the service, installs the contenders beside its dependencies, and measures each contender in a
process of its own, all of them taking turns, for 1 and 200 routes, with the metrics of one process and in multiprocess
mode. Prints a table in µs of CPU time, and a verdict.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple, cast

from bakery import CACHE, ROOT, Bakery, Project, environment, questions

# All processes are started anew so often: where the memory of one happens to lie makes a difference too.
STARTS = int(os.environ.get("STARTS", "5"))
ROUNDS = int(os.environ.get("ROUNDS", "150"))
REQUESTS_A_TURN = 32
# Of the turns of a process, from the cheapest. Other work on the machine makes a turn dearer, never cheaper; many short
# turns find the moments without it.
QUANTILE = 0.02
ROUTES = (1, 200)
CONTENDERS = ROOT / "benchmarks" / "contenders"
BARE, LIMIT, OURS = "bare", "limit", "ours"
# The limit of the same work: it names each request too, as ours does and no peer. What a name costs is the difference.
NAMED = "limit, named"
PEERS = {
    "fastapi": [
        "aioprometheus",
        "prometheus-fastapi-instrumentator",
        "starlette-exporter",
        "starlette-prometheus",
        "opentelemetry-instrumentation-fastapi",
    ],
    "flask": ["prometheus-flask-exporter", "opentelemetry-instrumentation-flask"],
    "django": ["django-prometheus", "opentelemetry-instrumentation-django"],
}
BUILT_IN = {"fastapi": ["FastAPI's own telemetry"]}
# They keep their figures in the process: with several workers each scrape sees another one's.
ONE_PROCESS_ONLY = ("aioprometheus", "opentelemetry", "FastAPI's own")
# What is aimed at: with one worker, with several, and against the best peer.
TIMES_LIMIT, TIMES_LIMIT_OF_SEVERAL, TIMES_BEST_PEER = 1.5, 1.3, 0.5

Figures = dict[str, float]


def install(framework: str, project: Project) -> Path:
    """Return the interpreter that has a project and the peers installed, from the cache if it is there."""
    venv = CACHE / "benchmarks" / framework
    python = venv / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", venv], env=environment(), check=True)
    packages = ["-e", ".", "opentelemetry-sdk", *PEERS[framework]]
    command: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python, *packages]
    subprocess.run(command, cwd=project.path, env=environment(), check=True)
    return python


class Case(NamedTuple):
    """What is measured in one column: a framework, and how many routes its application has."""

    framework: str
    project: Project
    python: Path
    routes: int
    multiprocess: bool

    @property
    def title(self) -> str:
        """The column's title."""
        return f"{self.routes} route{'s' * (self.routes > 1)}{', multiprocess' * self.multiprocess}"


class Contender:
    """A process that serves requests for one contender; `turns` is what a request took in each, in µs."""

    def __init__(self, command: list[str | Path], folder: Path, env: dict[str, str]) -> None:
        """Start the process, and wait for nothing."""
        self.turns: list[float] = []
        self._command = command
        self._process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._requests = cast("IO[str]", self._process.stdin)
        self._answers = cast("IO[str]", self._process.stdout)

    def wait_until_ready(self) -> None:
        """Wait until the application is there and warm."""
        self._answer()

    def take_turn(self) -> None:
        """Serve some requests."""
        self._requests.write(f"{REQUESTS_A_TURN}\n")
        self._requests.flush()
        self.turns.append(float(self._answer()) / 1000)

    def _answer(self) -> str:
        line = self._answers.readline()
        if not line:
            raise SystemExit(f"ended, see above: {' '.join(map(str, self._command))}")
        return line

    def figure(self) -> float:
        """Return what a request took, in µs."""
        return sorted(self.turns)[int(QUANTILE * len(self.turns))]

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()


def compare(case: Case, start: int) -> Figures:
    """Return µs by contender, of one start of all processes: each round lets every one of them take a turn."""
    names = [BARE, LIMIT, NAMED, OURS, *PEERS[case.framework], *BUILT_IN.get(case.framework, [])]
    if case.multiprocess:
        names = [name for name in names if not name.startswith(ONE_PROCESS_ONLY)]
    paths = os.pathsep.join((str(case.project.path / "src"), str(CONTENDERS)))
    script = CONTENDERS / "measuring.py"
    contenders = {}
    with ExitStack() as stack:
        for name in names:
            own = environment(PYTHONPATH=paths, PYTHONHASHSEED=str(start))
            if case.multiprocess:
                own["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(tempfile.TemporaryDirectory())
            command: list[str | Path] = [case.python, script, case.framework, name, str(case.routes)]
            contenders[name] = Contender(command, case.project.path, own)
            stack.callback(contenders[name].stop)
        for contender in contenders.values():
            contender.wait_until_ready()
        for number in range(ROUNDS):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                contenders[name].take_turn()
    return {name: contender.figure() for name, contender in contenders.items()}


def measure(case: Case) -> Figures:
    """Return µs by contender: of the bare application the request itself, of the others what they add to it."""
    print(f"{case.framework}, {case.title} ", end="", file=sys.stderr, flush=True)
    starts = []
    for start in range(STARTS):
        starts.append(compare(case, start))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    bare = statistics.median(figures[BARE] for figures in starts)
    added = {name: statistics.median(figures[name] - figures[BARE] for figures in starts) for name in starts[0]}
    return {**added, BARE: bare}


def table(framework: str, columns: dict[str, Figures]) -> str:
    """Return Markdown: µs, and in brackets how many times the limit."""
    lines = [f"| {framework} | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name in next(iter(columns.values())):
        cells = []
        for figures in columns.values():
            if name not in figures:
                cells.append("")
            elif name == BARE:
                cells.append(f"{figures[name]:.1f}")
            else:
                cells.append(f"{figures[name]:.1f} ({figures[name] / figures[LIMIT]:.2f})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict(framework: str, columns: dict[str, Figures]) -> str:
    """Return a line a column: ours against the limit of the same work and the best peer, and if that is the aim."""
    lines = []
    for title, figures in columns.items():
        peer = min((name for name in figures if name not in (BARE, LIMIT, NAMED, OURS)), key=lambda name: figures[name])
        limit, best = figures[OURS] / figures[NAMED], figures[OURS] / figures[peer]
        aim = TIMES_LIMIT_OF_SEVERAL if "multiprocess" in title else TIMES_LIMIT
        reached = "reached" if limit <= aim and best < TIMES_BEST_PEER else "MISSED"
        lines.append(f"- {framework}, {title}: {reached}, {limit:.2f} x {NAMED}; {best:.2f} x the best peer ({peer})")
    return "\n".join(lines)


def main() -> None:
    """Print a table and a verdict for each framework, or for those named on the command line."""
    frameworks = sys.argv[1:] or questions()["framework"]
    aims = f"at most {TIMES_LIMIT} x limit, {TIMES_LIMIT_OF_SEVERAL} x with several workers"
    print(f"Aimed at: {aims}, below {TIMES_BEST_PEER} x the best peer.", end="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        bakery = Bakery(Path(folder).resolve())
        for framework in frameworks:
            named = {"framework": framework, "project_slug": "service", "package_name": "service"}
            projects = [bakery.bake({**named, "workers": workers}) for workers in ("one", "several")]
            python = install(framework, projects[0])
            cases = [
                Case(framework, project, python, routes, bool(multiprocess))
                for multiprocess, project in enumerate(projects)
                for routes in ROUTES
            ]
            columns = {case.title: measure(case) for case in cases}
            print(table(framework, columns), verdict(framework, columns), sep="\n\n", end="\n\n", flush=True)


if __name__ == "__main__":
    main()
