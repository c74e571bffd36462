"""Measures what each contender adds to a request: CPU time of this process, all contenders taking turns.

Started by `http_cost.py` with the interpreter that has the contenders installed; prints one JSON object,
`{contender: µs}`, in which `bare` is the whole request and the others what they add to it.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module

# Serves so many requests, all of them for the route that was added last.
Serve = Callable[[int], None]

BARE = "bare"
REQUESTS_A_TURN = 40
WARM_UP = 400


def cpu_us(serve: Serve) -> float:
    """Return the CPU time of one request, in µs."""
    start = time.process_time_ns()
    serve(REQUESTS_A_TURN)
    return (time.process_time_ns() - start) / REQUESTS_A_TURN / 1000


def compare(contenders: Mapping[str, Serve], rounds: int) -> dict[str, float]:
    """Return the median over all rounds: of `bare` the request itself, of the others what they add to it.

    Each round serves every contender once, and begins with another one than the round before.
    """
    for serve in contenders.values():
        serve(WARM_UP)
    names = list(contenders)
    turns: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name in names:
            turns[name].append(cpu_us(contenders[name]))
        names.append(names.pop(0))
    bare = turns[BARE]
    added = {
        name: statistics.median(one - other for one, other in zip(taken, bare, strict=True))
        for name, taken in turns.items()
    }
    return {**added, BARE: statistics.median(bare)}


def main(framework: str, routes: int, rounds: int) -> None:
    """Print the figures of one framework, for an application of so many routes."""
    contenders: Callable[[int], dict[str, Serve]] = import_module(f"on_{framework}").contenders
    print(json.dumps(compare(contenders(routes), rounds)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
