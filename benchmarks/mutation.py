"""Changes `metrics/` and `workers/` of a generated service bit by bit, and counts the changes that the tests notice.

Bakes a service with several workers, lays the tests of its insides over it and runs its suite once, to learn which
test reaches which line. Then makes each change that mutmut knows, alone, and runs the tests that reach it, in a
process forked for it, until one fails or takes too long.
Prints what survived and a table. Interrupted, it prints what it has; started again, it goes on from there, as long as
template and tests are as they were. Takes a quarter of an hour: not for pipelines.
"""

import argparse
import difflib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from bakery import CACHE, Bakery, Project, environment
from interpreters import uv
from mutants.results import NOTICED, Results, report
from mutants.sandbox import HERE, Change, Sandbox, Trials
from mutants.selection import Selection
from overlay import lay

PROMISE = 85.0
MUTMUT = "mutmut==3.8.1"
FOLDERS = ("metrics", "workers")
STATE = CACHE / "mutation"


def options() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        usage="PYTHONPATH=tests .venv/bin/python benchmarks/mutation.py [options] [MODULE ...]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="only these, like `registry` or `workers/files`; default: all"
    )
    jobs = int(os.environ.get("JOBS", "2"))
    parser.add_argument("--jobs", type=int, default=jobs, help="how many at a time; default: JOBS, or 2")
    parser.add_argument("--again", action="store_true", help="forget what an interrupted run of the same state found")
    parser.add_argument(
        "--survivors", action="store_true", help="try only what survived in the run before, of any state"
    )
    return parser.parse_args()


def fingerprint(project: Project) -> str:
    """Return a digest of what a result depends on."""
    own = {file.name: file.read_bytes() for file in sorted(HERE.glob("*.py"))}
    known = {name: hashlib.sha256(content).hexdigest() for name, content in {**project.contents(), **own}.items()}
    return hashlib.sha256(json.dumps([MUTMUT, known]).encode()).hexdigest()[:12]


def changes_of(project: Path) -> list[Change]:
    """Return every change that can be made, with a name that stays when lines move, and what it looks like."""
    sources = {
        str(file.relative_to(project)): file.read_text(encoding="utf-8")
        for folder in FOLDERS
        for file in sorted((project / "src").glob(f"*/platform/{folder}/**/*.py"))
    }
    command = [uv(), "run", "--quiet", "--no-project", "--with", MUTMUT, "python", str(HERE / "changes.py"), *sources]
    listed = subprocess.run(command, cwd=project, env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    changes: list[Change] = [json.loads(line) for line in listed.stdout.splitlines()]
    seen: Counter[str] = Counter()
    for change in changes:
        before = sources[change["file"]]
        after = before[: change["start"]] + change["put"] + before[change["end"] :]
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        change["diff"] = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        change["module"] = "/".join(Path(change["file"]).with_suffix("").parts[3:])
        text = json.dumps([change["module"], change["within"], change["diff"]])
        seen[text] += 1
        change["name"] = hashlib.sha256(f"{text}{seen[text]}".encode()).hexdigest()[:16]
    return changes


class Run:
    """The changes that are left to try, and how far it is."""

    def __init__(self, todo: list[Change], selection: Selection, results: Results) -> None:
        """Put them all into a queue."""
        self._selection = selection
        self._results = results
        self._waiting: Queue[Change] = Queue()
        for change in todo:
            self._waiting.put(change)
        self._all = len(todo)
        self._done: Counter[str] = Counter()
        self._begin = time.monotonic()
        self._errors: list[Exception] = []

    def go(self, trials: list[Trials]) -> None:
        """Try every change; each process takes the next one."""
        threads = [Thread(target=self._work, args=(own,), daemon=True) for own in trials]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in self._errors:
            raise error

    def _work(self, own: Trials) -> None:
        try:
            while True:
                self._try(own, self._waiting.get_nowait())
        except Empty:
            return
        except Exception as error:  # noqa: BLE001 - raised where it is seen
            self._errors.append(error)

    def _try(self, own: Trials, change: Change) -> None:
        ended, at = "survived", ""
        for tests in self._selection.batches(change):
            ended, at = own.attempt(change, tests)
            if ended in NOTICED:
                self._selection.learn(change, at)
                break
        self._results.add(change["name"], ended, at)
        self._done[ended] += 1
        if self._done.total() % 25 == 0:
            self._tell()

    def _tell(self) -> None:
        done = self._done.total()
        each = (time.monotonic() - self._begin) / done
        counts = ", ".join(f"{count} {ended}" for ended, count in sorted(self._done.items()))
        left = each * (self._all - done) / 60
        print(f"{done} of {self._all}: {counts}; {each:.2f} s each, {left:.0f} minutes left", flush=True)


def attempt(todo: list[Change], project: Project, state: Path, results: Results, jobs: int) -> None:
    """Try these changes in copies of the project, so many at a time."""
    project.run("make", "setup")
    python = project.path / ".venv" / "bin" / "python"
    tests, known = project.path.with_name("tests.json"), state / "tests.json"
    first = Sandbox(project.path, project.path.with_name("copy-0"), python)
    if known.exists():
        shutil.copy(known, tests)
        first.collect()
    else:
        print("running the suite unchanged, to see which test reaches what", flush=True)
        first.watch(tests)
    copies = [
        first,
        *(Sandbox(first.path, first.path.with_name(f"copy-{number}"), python) for number in range(1, jobs)),
    ]
    selection = Selection(json.loads(tests.read_text(encoding="utf-8"))["tests"])
    trials = [Trials(copy, tests) for copy in copies]
    try:
        if not known.exists():
            trials[0].check(todo[0], selection.all())
            shutil.copy(tests, known)
        Run(todo, selection, results).go(trials)
    except KeyboardInterrupt:
        print("\ninterrupted: start it again to go on")
    finally:
        for own in trials:
            own.end()


def main() -> None:
    """Print what survived and the table, and end with 1 below the promise."""
    asked = options()
    with tempfile.TemporaryDirectory() as temporary:
        project = Bakery(Path(temporary)).bake({"workers": "several"})
        lay(project)
        state = STATE / fingerprint(project)
        state.mkdir(parents=True, exist_ok=True)
        before: dict[str, str] = {}
        for file in sorted(STATE.glob("*/results.jsonl"), key=lambda file: file.stat().st_mtime):
            before |= Results(file).ended
        if asked.again:
            (state / "results.jsonl").unlink(missing_ok=True)
        results = Results(state / "results.jsonl")
        changes = changes_of(project.path)
        if asked.modules:
            changes = [change for change in changes if change["module"].endswith(tuple(asked.modules))]
        if asked.survivors:
            changes = [change for change in changes if before.get(change["name"]) == "survived"]
        todo = [change for change in changes if not change["aside"] and results.of(change) == "untried"]
        if todo:
            attempt(todo, project, state, results, asked.jobs)
    sys.exit(report(changes, results) < PROMISE)


if __name__ == "__main__":
    main()
