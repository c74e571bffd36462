"""What the service needs to know of a kind of database, whatever the ORM."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MIGRATION_WAIT_SECONDS = 600  # how long an upgrade waits for another one, and for a table


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One kind of database that DATABASE_URL may name.

    Attributes:
        example: a URL of that kind, for messages.
        embedded: whether it lives in a file of the service, so that the service migrates it.
        connect_arguments: what the driver's `connect` takes besides the URL, from the settings.
        prepare: makes a new connection of the driver ready.
        lock: statements that begin a migration's transaction and wait until no other one runs.
        refuse: says what is wrong with a URL's host and database, or returns an empty text.
    """

    example: str
    embedded: bool
    connect_arguments: Callable[[Any], Mapping[str, object]]
    prepare: Callable[[Any], None]
    lock: tuple[str, ...]
    refuse: Callable[[str, str], str]
