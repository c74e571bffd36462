"""The `unreliable_link` fixture: a way to PostgreSQL that can break, stall and come back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Literal
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict


class UnreliableLink:
    """Passes connections on to a server, as long as it is told to.

    Attributes:
        url: the URL of the database by way of this link.
    """

    def __init__(self, url: str) -> None:
        self._target = conninfo_to_dict(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._changed = threading.Condition()
        self._state: Literal["up", "down", "stalled", "closed"] = "up"
        self._threads: list[threading.Thread] = []
        self._run(self._accept)
        who, password, name = (
            quote(str(self._target.get(part, "")), safe="")
            for part in ("user", "password", "dbname")
        )
        port = self._listener.getsockname()[1]
        self.url = f"postgresql://{who}:{password}@127.0.0.1:{port}/{name}"

    def up(self) -> None:
        """Pass everything on again, what was stalled included."""
        self._become("up")

    def down(self) -> None:
        """Break every connection, and refuse new ones."""
        self._become("down")

    def stall(self) -> None:
        """Let nothing through and say nothing, like a network that swallows packets."""
        self._become("stalled")

    def close(self) -> None:
        """Break everything for good."""
        self._become("closed")
        for thread in self._threads:  # the one that accepts is the first, and adds no more
            thread.join()
        self._listener.close()

    def _become(self, state: Literal["up", "down", "stalled", "closed"]) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def _run(self, target, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while self._state != "closed":
            if select([self._listener], [], [], 0.01)[0]:
                self._run(self._serve, self._listener.accept()[0])

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):  # either side may hang up at any time
            if not self._may_pass():
                return
            with _connect(self._target) as server:
                other = {client: server, server: client}
                while self._state in ("up", "stalled"):
                    for ready in select(other, [], [], 0.01)[0]:
                        data = ready.recv(65536)
                        if not data or not self._may_pass():
                            return
                        other[ready].sendall(data)

    def _may_pass(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._state != "stalled")
            return self._state == "up"


def _connect(target: dict[str, object]) -> socket.socket:
    host, port = str(target["host"]), int(str(target.get("port", 5432)))
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(str(Path(host) / f".s.PGSQL.{port}"))
    return server


@pytest.fixture
def unreliable_link(database: str) -> Iterator[UnreliableLink]:
    """A link to the database of this test."""
    link = UnreliableLink(database)
    yield link
    link.close()
