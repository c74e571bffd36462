"""The `client` fixture: the real application, started and stopped as a server does it."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from starlette.testclient import TestClient


@pytest.fixture
def client(database: str) -> Iterator[TestClient]:
    """A client of the application; what it raises is answered with 500, as a server would."""
    app = import_module("{{ cookiecutter.package_name }}.web.app").create_app()
    with TestClient(app, raise_server_exceptions=False) as open_client:
        yield open_client
