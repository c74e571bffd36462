"""Serves requests for one contender and says what they cost: CPU time of this process, nothing of the others'.

Started by `http_cost.py` with the interpreter that has the contenders installed. Each line on standard input is a
number of requests to serve; each line on standard output what one of them took, in ns.
"""

import gc
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module

# Serves so many requests, all of them for the route that was added last.
Serve = Callable[[int], None]

WARM_UP = 512
REFRESH = 16  # what the others have driven out of the processor's caches


def cpu_ns(serve: Serve, requests: int) -> float:
    """Return the CPU time of one request; garbage is collected before, not meanwhile."""
    gc.collect()
    gc.disable()
    serve(REFRESH)
    start = time.process_time_ns()
    serve(requests)
    return (time.process_time_ns() - start) / requests


def join_as_a_worker() -> None:
    """Count as a worker of several does: `serve` does this around the fork."""
    workers = import_module("service.platform.workers.pool").Workers(1)
    workers.share(import_module("service.platform.metrics.registry").active.collectors)
    workers.before_fork(None, workers)
    workers.after_fork(None, workers)


def main(framework: str, contender: str, routes: int) -> None:
    """Serve for one contender with an application of so many routes, until nobody asks any more."""
    if contender == "ours" and "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        join_as_a_worker()
    make: Callable[[str, int], Serve] = import_module(f"on_{framework}").contender
    serve = make(contender, routes)
    serve(WARM_UP)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        print(cpu_ns(serve, int(line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
