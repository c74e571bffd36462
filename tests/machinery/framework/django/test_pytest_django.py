"""pytest-django's marks and fixtures work beside the service's own."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase
from django.test.testcases import DatabaseOperationForbidden

from {{ cookiecutter.package_name }}.bookmarks.models import Bookmark


@pytest.mark.django_db
@pytest.mark.parametrize("turn", [1, 2])
def test_a_marked_test_begins_with_empty_tables(turn):
    users = get_user_model().objects
    assert users.count() == 0
    users.create(username="ada")


@pytest.mark.parametrize("turn", [1, 2])
def test_one_that_commits_does_too(turn, transactional_db, django_user_model):
    assert django_user_model.objects.count() == 0
    django_user_model.objects.create(username="ada")


def test_the_client_of_such_a_test_is_djangos_and_is_counted(db, client, metrics):
    assert isinstance(client, Client)
    counted = 'http_requests_total{endpoint="unmatched",method="GET",status="404"}'
    with metrics.adds({counted: 1}, "http_requests"):
        assert client.get("/nowhere").status_code == 404


def test_the_client_of_another_test_is_the_services(client, database):
    assert not isinstance(client, Client)
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_live_server_serves_the_application(live_server):
    with urlopen(f"{live_server.url}/livez") as answer:
        assert answer.read() == b'{"status": "alive"}'


@pytest.fixture(scope="module")
def browser() -> Iterator[dict[str, HTTPConnection]]:
    """Connections that stay open after the test that made them, by address."""
    kept: dict[str, HTTPConnection] = {}
    yield kept
    for connection in kept.values():
        connection.close()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(5)


@pytest.mark.parametrize("turn", [1, 2])
def test_a_browser_that_keeps_its_connection_sees_the_rows_of_the_test(live_server, browser, turn):
    Bookmark.objects.create(url="https://example.org/", title=f"{turn}")
    where = urlsplit(live_server.url).netloc
    connection = browser.setdefault(where, HTTPConnection(where))
    connection.request("GET", "/api/bookmarks")
    assert [one["title"] for one in json.loads(connection.getresponse().read())] == [f"{turn}"]


class TestCases(TestCase):
    """Django's own: each test in a transaction, within one of the class."""

    @classmethod
    def setUpTestData(cls):
        """Keep one bookmark for all tests of the class."""
        Bookmark.objects.create(url="https://example.org/", title="Of the class")

    def test_a_test_sees_the_rows_of_its_class(self):
        Bookmark.objects.create(url="https://example.org/", title="Its own")
        assert len(self.client.get("/api/bookmarks").json()) == 2

    def test_and_not_those_of_another_test(self):
        assert len(self.client.get("/api/bookmarks").json()) == 1


class TestTransactions(TransactionTestCase):
    """Django's own: each test commits, and the tables are emptied after it."""

    def test_a_test_begins_with_empty_tables(self):
        assert self.client.get("/api/bookmarks").json() == []
        Bookmark.objects.create(url="https://example.org/", title="Its own")

    def test_another_one_does_too(self):
        assert self.client.get("/api/bookmarks").json() == []
        Bookmark.objects.create(url="https://example.org/", title="Its own")


class TestWithoutDatabase(SimpleTestCase):
    """Django's own: no test gets at a database."""

    def test_what_asks_no_database_is_answered(self):
        assert self.client.get("/livez").json() == {"status": "alive"}

    def test_a_query_is_refused(self):
        with pytest.raises(DatabaseOperationForbidden):
            Bookmark.objects.count()


class TestLiveServer(LiveServerTestCase):
    """Django's own: a server for the tests of the class."""

    def test_it_serves_the_rows_of_the_test(self):
        Bookmark.objects.create(url="https://example.org/", title="Its own")
        with urlopen(f"{self.live_server_url}/api/bookmarks") as answer:
            assert [one["title"] for one in json.loads(answer.read())] == ["Its own"]


def test_without_a_mark_no_test_gets_at_a_database():
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        get_user_model().objects.count()


def test_the_settings_are_those_of_the_tests_whatever_module_the_shell_names(fresh_run):
    ran = fresh_run(
        "from django.conf import settings\n"
        "def test_settings():\n"
        "    assert settings.SECRET_KEY.startswith('test-only')\n"
        "    assert settings.DATABASES['default']['NAME'].endswith('session.db')\n",
        DJANGO_SETTINGS_MODULE="nowhere",
        DATABASE_URL="sqlite:////var/lib/orders/production.db",
        SECRET_KEY="the-secret-key-of-the-production-system",
        PORT="eighty",
    )
    assert ran.returncode == 0, ran.stdout
