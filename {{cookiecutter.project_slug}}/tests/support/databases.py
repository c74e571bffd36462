"""The databases of the tests: a fresh one for each, copied from one that is migrated once."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest
from database_kinds import KINDS


class Kind(Protocol):
    """One kind of database: makes, copies and removes databases by their names."""

    def url(self, name: str) -> str:
        """The URL of the database of that name, there or not."""

    def create(self, name: str) -> None:
        """Make an empty database."""

    def copy(self, source: str, name: str) -> None:
        """Make a database that is equal to another, which nobody uses meanwhile."""

    def drop(self, name: str) -> None:
        """Remove a database, whoever uses it."""

    def start(self) -> None:
        """Get ready; called once."""

    def stop(self) -> None:
        """Remove everything that is left."""


class Databases:
    """Gives out databases, and takes them back at the end of the test."""

    def __init__(self, kind: Kind, scratch: Path) -> None:
        self._kind = kind
        self._numbers = count()
        # A file, because a forked test may be the one that migrates.
        self._migrated = scratch / "migrated"
        self._given: list[str] = []

    def empty(self) -> str:
        """The URL of a database without tables."""
        name = self._next()
        self._kind.create(name)
        return self._kind.url(name)

    def migrated(self, migrate: Callable[[str], None]) -> str:
        """The URL of an empty database with the schema that `migrate` gives to the first one."""
        if not self._migrated.exists():
            self._kind.create("template")
            migrate(self._kind.url("template"))
            self._migrated.touch()
        name = self._next()
        self._kind.copy("template", name)
        return self._kind.url(name)

    def unreachable(self) -> str:
        """The URL of a database that cannot be opened."""
        return self._kind.url("no-such/database")

    def take_back(self) -> None:
        """Remove what was given out."""
        while self._given:
            self._kind.drop(self._given.pop())

    def _next(self) -> str:
        self._given.append(f"test{next(self._numbers)}")
        return self._given[-1]


class Supply:
    """The databases of one test session, by kind; a kind is started when it is first needed."""

    def __init__(self) -> None:
        self.open = ExitStack()
        self._started: dict[str, Databases] = {}

    def of(self, name: str, until: ExitStack | None = None) -> Databases:
        """The databases of that kind, there until the end of `until` or of the session."""
        if name in self._started:
            return self._started[name]
        scratch = Path(tempfile.mkdtemp(prefix="databases-"))
        kind = KINDS[name](scratch)
        stack = self.open if until is None else until
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        stack.callback(kind.stop)
        kind.start()
        databases = Databases(kind, scratch)
        if until is None:
            self._started[name] = databases
        return databases


SUPPLY = pytest.StashKey[Supply]()


def pytest_configure(config: pytest.Config) -> None:
    """Remove all databases at the end."""
    supply = config.stash[SUPPLY] = Supply()
    config.add_cleanup(supply.open.close)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start what the collected tests need here, once: a forked test could not share it."""
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if session.config.option.collectonly:
        return
    if "databases" in wanted:
        session.config.stash[SUPPLY].of(next(iter(KINDS)))
    if "databases_of_each_kind" in wanted:
        for name in KINDS:
            session.config.stash[SUPPLY].of(name)


def given_out(config: pytest.Config, kind: str) -> Iterator[Databases]:
    """The databases of that kind, for one test."""
    with ExitStack() as stack:
        databases = config.stash[SUPPLY].of(kind, until=stack)
        stack.callback(databases.take_back)
        yield databases


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Databases of the kind that the application's tests run on."""
    yield from given_out(request.config, next(iter(KINDS)))


@pytest.fixture(params=KINDS)
def databases_of_each_kind(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Databases of every kind in turn."""
    yield from given_out(request.config, request.param)
