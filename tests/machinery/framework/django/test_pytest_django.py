"""pytest-django's marks and fixtures work beside the service's own."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client


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
    from urllib.request import urlopen

    with urlopen(f"{live_server.url}/livez") as answer:
        assert answer.read() == b'{"status": "alive"}'


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
