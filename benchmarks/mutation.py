"""Changes `metrics/` and `workers/` of a generated service bit by bit, and counts the changes that its tests notice.

Prints every change that no test noticed, then the figure. Takes some minutes: not for pipelines.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bakery import Bakery, Project, environment
from interpreters import uv

PROMISE = 85.0
# Those that need no other view of the source than mutmut gives.
TESTS = (
    *("test_bounds.py", "test_disabled.py", "test_isolation.py", "test_registry.py", "test_safety.py"),
    *("test_settings.py", "web", "workers"),
)
CONFIGURATION = f"""
[tool.mutmut]
source_paths = ["src/"]
only_mutate = ["src/example_service/metrics/*", "src/example_service/workers/*"]
do_not_mutate = ["src/example_service/metrics/tools/*"]
pytest_add_cli_args_test_selection = {[f"tests/{name}" for name in TESTS]}
pytest_add_cli_args = ["-p", "no:randomly", "-p", "no:cacheprovider"]
"""
# mutmut calls every function through a function of its own, which would pass for the place of a declaration.
FRAME = 'frame.f_globals["__name__"] == __name__'
SEEN_THROUGH = 'frame.f_globals["__name__"] in (__name__, "mutmut.mutation.trampoline")'
# Log lines and the texts of errors are left out: whole lines of text, and what is put into them.
TEXT = re.compile(r"""^-\s*(f?["'].*["']|log\..*|raise \w+\(.*|return f?".*)$""")


def prepare(project: Project) -> None:
    """Install the service with mutmut, and configure it."""
    project.run("make", "setup")
    project.run(uv(), "pip", "install", "--quiet", "--python", ".venv/bin/python", "mutmut>=3.8")
    settings = project.path / "pyproject.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + CONFIGURATION, encoding="utf-8")
    factory = project.path / "src" / "example_service" / "metrics" / "factory.py"
    source = factory.read_text(encoding="utf-8")
    if FRAME not in source:
        sys.exit("the place of a declaration is found in another way by now: see FRAME")
    factory.write_text(source.replace(FRAME, SEEN_THROUGH), encoding="utf-8")


def is_text(diff: str) -> bool:
    """Say whether a change concerns the text of a log line or an error only."""
    removed = [line for line in diff.splitlines() if re.match(r"-(?!--)", line)]
    return bool(removed) and all(TEXT.match(line) for line in removed)


def main() -> None:
    """Print what survived, and end with 1 below the promise."""
    with tempfile.TemporaryDirectory() as folder:
        project = Bakery(Path(folder)).bake()
        prepare(project)
        command = ["nice", ".venv/bin/mutmut", "run", "--max-children", "2"]
        done = subprocess.run(command, cwd=project.path, env=environment(), capture_output=True, text=True, check=False)
        if "failed to" in done.stdout:
            sys.exit(done.stdout)
        results = re.findall(
            r"^\s*(\S+): (.+)$", project.run(".venv/bin/mutmut", "results", "--all", "true").stdout, re.MULTILINE
        )
        if not results:
            sys.exit("mutmut made no change")
        ended: Counter[str] = Counter()
        for name, status in results:
            diff = "" if status == "killed" else project.run(".venv/bin/mutmut", "show", name).stdout
            if status != "killed" and is_text(diff):
                ended["text"] += 1
                continue
            ended[status] += 1
            if status not in ("killed", "timeout"):
                print(name, status, *re.findall(r"^[-+](?![-+]{2}).*", diff, re.MULTILINE), sep="\n  ")
    noticed = ended["killed"] + ended["timeout"]
    counted = ended.total() - ended["text"]
    print(f"noticed {noticed} of {counted}: {100 * noticed / counted:.1f} % (texts left out: {ended['text']})")
    sys.exit(100 * noticed / counted < PROMISE)


if __name__ == "__main__":
    main()
