"""The engine connects as the settings say, and as the URL says where it says something."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from {{ cookiecutter.package_name }}.db import engine


@pytest.fixture
def options_of(databases_of_each_kind, use_database):
    """Call it with a parameter for the URL; it returns what the driver is given."""
    url = databases_of_each_kind.empty()

    def connect(parameter: str) -> dict[str, object]:
        use_database(url + ("&" if "?" in url else "?") + parameter)
        given = {}

        def see(dialect, entry, arguments, options) -> None:
            given.update(options)

        event.listen(engine.engine(), "do_connect", see, insert=True)
        engine.ping()
        return given

    return connect


def test_what_the_url_says_itself_stands(options_of):
    name = {"sqlite": "timeout", "postgresql": "connect_timeout"}
    options = options_of("")
    chosen = name[engine.engine().dialect.name]
    assert options[chosen] == 5
    assert options_of(f"{chosen}=7")[chosen] in (7, "7")


def test_users_data_does_not_show_in_an_error(options_of):
    options_of("")
    with engine.engine().connect() as connection:
        query = text("SELECT nothing FROM nowhere WHERE a = :b")
        with pytest.raises(DBAPIError, match="hidden due to hide_parameters") as raised:
            connection.execute(query, {"b": "s3cret"})
    assert "s3cret" not in str(raised.value)
