"""Which tests to run for a change, in which order, and for how long."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

# How long a test may take: this, and so many times what it took unchanged.
PATIENCE_SECONDS, PATIENCE = 5.0, 8.0
# Most changes are noticed by the first few; the others are not even collected then.
FIRST_TESTS = 12

Tests = dict[str, dict[str, Any]]


class Selection:
    """The tests that reach a change: first those that noticed most changes near it in the least time."""

    def __init__(self, tests: Tests) -> None:
        self._alone = {test for test, known in tests.items() if not known["starts"]}
        self._seconds: dict[str, float] = {test: known["seconds"] for test, known in tests.items()}
        self._noticed: Counter[tuple[str, str, str]] = Counter()
        self._reached: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for test, known in tests.items():
            for file, lines in known["lines"].items():
                for line in lines:
                    self._reached[file][line].add(test)

    def batches(self, change: dict[str, Any]) -> Iterator[dict[str, float]]:
        """Yield some tests with their time limits, then the rest.

        What runs in a function is seen by the tests that reach the statement. What runs at import may be used anywhere:
        it is tried with the tests that reach the module, then with all that start no program.
        """
        first, last = change["lines"]
        reached = self._reached[change["file"]]
        module = set[str]().union(*reached.values())
        statement = set[str]().union(*(reached[line] for line in range(first, last + 1)))
        near = module if change["at_import"] else statement or module
        ordered = sorted(near, key=lambda test: self._worth(change, test), reverse=True)
        if change["at_import"]:
            ordered += sorted(self._alone - near, key=self._seconds.__getitem__)
        for some in (ordered[:FIRST_TESTS], ordered[FIRST_TESTS:]):
            if some:
                yield self._limits(some)

    def all(self) -> dict[str, float]:
        """Return every test with its limit."""
        return self._limits(self._seconds)

    def learn(self, change: dict[str, Any], test: str) -> None:
        """Remember which test noticed a change."""
        self._noticed[change["file"], change["within"], test] += 1
        self._noticed[change["file"], "", test] += 1

    def _limits(self, tests: Iterable[str]) -> dict[str, float]:
        return {test: PATIENCE_SECONDS + PATIENCE * self._seconds[test] for test in tests}

    def _worth(self, change: dict[str, Any], test: str) -> float:
        here = self._noticed[change["file"], change["within"], test]
        near = self._noticed[change["file"], "", test]
        return (4 * here + near + 0.5) / (self._seconds[test] + 0.05)
