"""The databases of the tests: a fresh one for each, copied from one that is migrated once."""

import os
import shutil
import tempfile
from collections import defaultdict
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

    def clean(self, name: str, source: str) -> bool:
        """Make a used database equal to `source` again; false if a new copy is the better way."""

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
        self._scratch = scratch
        self._process = os.getpid()
        self._numbers = count()
        self._given: list[tuple[str, str]] = []
        self._clean: dict[str, list[str]] = defaultdict(list)

    def empty(self) -> str:
        """The URL of a database without tables."""
        return self.like("empty", lambda url: None)

    def migrated(self, migrate: Callable[[str], None]) -> str:
        """The URL of an empty database with the schema that `migrate` gives to the first one."""
        return self.like("migrated", migrate)

    def like(self, source: str, make: Callable[[str], None]) -> str:
        """The URL of a database as the one named `source`, which `make` makes when it is new."""
        made = self._scratch / f"{source}-is-made"  # a file, because a forked test may be the first
        if not made.exists():
            self._kind.create(source)
            make(self._kind.url(source))
            made.touch()
        if self._clean[source] and os.getpid() == self._process:
            name = self._clean[source].pop()
        else:
            name = f"test_{os.getpid()}_{next(self._numbers)}"
            self._kind.copy(source, name)
        self._given.append((name, source))
        return self._kind.url(name)

    def for_the_session(self) -> str:
        """The URL of a new database without tables that nobody takes back before the end."""
        name = f"session_{os.getpid()}"
        self._kind.create(name)
        return self._kind.url(name)

    def unreachable(self) -> str:
        """The URL of a database that cannot be opened."""
        return self._kind.url("no-such/database")

    def take_back(self) -> None:
        """Clean what was given out for the next test, or remove it."""
        while self._given:
            name, source = self._given.pop()
            # What a forked test used is unknown to the process that goes on.
            if os.getpid() == self._process and self._kind.clean(name, source):
                self._clean[source].append(name)
            else:
                self._kind.drop(name)


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
