"""Measures what counting and timing add to a request, against the limit and the libraries used elsewhere.

For each framework: bakes the service, installs the contenders beside its dependencies, and measures in a process of its
own for 1 and 200 routes, with the metrics of one process and in multiprocess mode. Prints a table in µs of CPU time.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bakery import CACHE, ROOT, Bakery, Project, environment, questions

ROUNDS = int(os.environ.get("ROUNDS", "200"))
ROUTES = (1, 200)
CONTENDERS = ROOT / "benchmarks" / "contenders"
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
# They keep their figures in the process: with several workers each scrape sees another one's.
ONE_PROCESS_ONLY = ("aioprometheus", "opentelemetry", "FastAPI's own")

Figures = dict[str, float]


def install(framework: str, project: Project) -> Path:
    """Return the interpreter that has a project's dependencies and the peers, from the cache if it is there."""
    venv = CACHE / "benchmarks" / framework
    python = venv / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", venv], env=environment(), check=True)
    packages = ["-r", "pyproject.toml", "opentelemetry-sdk", *PEERS[framework]]
    command: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python, *packages]
    subprocess.run(command, cwd=project.path, env=environment(), check=True)
    return python


def measure(framework: str, project: Project, python: Path, routes: int, *, multiprocess: bool) -> Figures:
    """Return µs by contender."""
    paths = os.pathsep.join((str(project.path / "src"), str(CONTENDERS)))
    with tempfile.TemporaryDirectory() as folder:
        mode = {"PROMETHEUS_MULTIPROC_DIR": folder} if multiprocess else {}
        command: list[str | Path] = [python, CONTENDERS / "measuring.py", framework, str(routes), str(ROUNDS)]
        own = environment(PYTHONPATH=paths, **mode)
        done = subprocess.run(command, cwd=project.path, env=own, check=True, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(done.stdout)
    if multiprocess:
        figures = {name: us for name, us in figures.items() if not name.startswith(ONE_PROCESS_ONLY)}
    return figures


def table(framework: str, columns: list[tuple[str, Figures]]) -> str:
    """Return Markdown: µs, and in brackets how many times the limit."""
    lines = [
        f"| {framework} | " + " | ".join(title for title, _ in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for name in columns[0][1]:
        cells = []
        for _, figures in columns:
            if name not in figures:
                cells.append("")
            elif name == "bare":
                cells.append(f"{figures[name]:.1f}")
            else:
                cells.append(f"{figures[name]:.1f} ({figures[name] / figures['limit']:.2f})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print a table for each framework."""
    frameworks = questions()["framework"]
    with tempfile.TemporaryDirectory() as folder:
        bakery = Bakery(Path(folder).resolve())
        for framework in frameworks:
            project = bakery.bake({"framework": framework, "project_slug": "service", "package_name": "service"})
            python = install(framework, project)
            columns = []
            for multiprocess in (False, True):
                for routes in ROUTES:
                    title = f"{routes} route{'s' * (routes > 1)}{', multiprocess' * multiprocess}"
                    figures = measure(framework, project, python, routes, multiprocess=multiprocess)
                    columns.append((title, figures))
            print(table(framework, columns), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
