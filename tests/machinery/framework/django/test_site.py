"""The settings of the site hold, whoever asks: hosts, proxies, forged forms, cookies, what is logged."""

import importlib
import logging
import time

import pytest
from django.test import override_settings

from {{ cookiecutter.package_name }} import settings as module
from {{ cookiecutter.package_name }}.platform.core.components import discover, settings_of
from {{ cookiecutter.package_name }}.platform.core.config import SettingsError
from {{ cookiecutter.package_name }}.platform.core.limits import PerMinute
from {{ cookiecutter.package_name }}.platform.site import folders
from {{ cookiecutter.package_name }}.platform.web import logs

FORM = "/admin/login/"
SECURITY = logging.getLogger("django.security")
ORIGIN = "https://admin.example.org"
LINE = f"Forbidden (Origin checking failed - {ORIGIN} does not match any trusted origins.): {FORM}"


@pytest.fixture
def with_variables(mock_env):
    """Read settings.py again, with these variables, for the rest of the test."""
    overrides = []

    def read(**variables: str) -> None:
        mock_env(**variables)
        fresh = importlib.reload(module)
        values = {name: value for name, value in vars(fresh).items() if name.isupper()}
        del values["INSTALLED_APPS"], values["DATABASES"], values["LOGGING"]
        overrides.append(override_settings(**values))
        overrides[-1].enable()

    yield read
    for override in reversed(overrides):
        override.disable()


@pytest.fixture
def lines(monkeypatch):
    """What is logged from now on, as if nothing had been logged this minute."""
    found = []
    writer = logging.Handler()
    writer.emit = lambda record: found.append((record.levelname, writer.format(record)))
    logging.root.addHandler(writer)
    [handler] = [one for one in SECURITY.handlers if isinstance(one, logs.RateLimitedHandler)]
    monkeypatch.setattr(handler, "_limit", PerMinute())
    return found


def signed_in(client, origin: str, **headers: str) -> int:
    """The status of the admin's login form, sent by a browser that sees the service at `origin`."""
    host = origin.partition("://")[2]
    page = client.get(FORM, headers={"host": host, **headers})
    token = page.text.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    asked = {"host": host, "origin": origin, "referer": origin + FORM, "cookie": cookies}
    form = {"csrfmiddlewaretoken": token, "username": "ada", "password": "wrong"}
    return client.post(FORM, data=form, headers={**asked, **headers}).status_code


BEHIND_TLS = {"x-forwarded-proto": "https"}


def test_a_form_from_behind_a_proxy_that_nobody_trusts_is_refused_with_one_line(
    with_variables, request, lines
):
    with_variables(ALLOWED_HOSTS="admin.example.org")
    client = request.getfixturevalue("client")
    for _ in range(5):
        assert signed_in(client, ORIGIN, **BEHIND_TLS) == 403
    assert lines == [("WARNING", LINE)]


@pytest.mark.parametrize(
    "variables",
    [
        {"CSRF_TRUSTED_ORIGINS": ORIGIN},
        {"TRUSTED_PROXIES": "127.0.0.0/8"},
    ],
)
def test_a_form_is_taken_where_the_origin_or_the_proxy_is_trusted(
    with_variables, request, variables
):
    with_variables(ALLOWED_HOSTS="admin.example.org", **variables)
    client = request.getfixturevalue("client")
    assert signed_in(client, ORIGIN, **BEHIND_TLS) == 200


def test_a_client_that_is_no_proxy_cannot_say_that_it_came_by_tls(with_variables, request):
    with_variables(ALLOWED_HOSTS="admin.example.org", TRUSTED_PROXIES="10.0.0.0/8")
    client = request.getfixturevalue("client")
    assert signed_in(client, ORIGIN, **BEHIND_TLS) == 403


@pytest.mark.parametrize(
    ("name", "value"), [("CSRF_TRUSTED_ORIGINS", "example.org"), ("TRUSTED_PROXIES", "proxy")]
)
def test_a_wrong_value_says_what_would_be_right(with_variables, name, value):
    with pytest.raises(SettingsError, match=f"^{name}: must "):
        with_variables(**{name: value})


def test_one_message_names_everything_that_is_wrong(with_variables):
    with pytest.raises(SettingsError) as error:
        with_variables(
            PORT="eighty",
            DATABASE_URL="oracle:x",
            CSRF_TRUSTED_ORIGINS="x",
            HEALTH_CACHE_SECONDS="x",
            ACCESS_LOG="x",
            METRICS_MAX_SERIES="0",
            POLLING_INTERVAL_SECONDS="0",
            COLLECT_HTTP_METRICS="x",
            COLLECT_BOOKMARKS_METRICS="x",
        )
    begun = {line.partition(":")[0] for line in str(error.value).splitlines()}
    assert begun == {
        "PORT",
        "DATABASE_URL",
        "CSRF_TRUSTED_ORIGINS",
        "HEALTH_CACHE_SECONDS",
        "ACCESS_LOG",
        "METRICS_MAX_SERIES",
        "POLLING_INTERVAL_SECONDS",
        "COLLECT_HTTP_METRICS",
        "COLLECT_BOOKMARKS_METRICS",
    }


def test_django_reads_the_settings_of_every_component_before_it_can_import_one(monkeypatch):
    read = []
    monkeypatch.setattr(folders, "load_all", read.extend)
    folders.check_settings()
    assert set(settings_of(discover())) <= set(read)


def test_a_host_that_is_not_ours_is_refused_and_logged_by_the_minute(
    client, metrics, lines, monkeypatch
):
    refused = 'http_requests_total{endpoint="unmatched",method="GET",status="400"}'
    with metrics.adds({refused: 20}, "http_requests"):
        for number in range(20):
            answer = client.get("/api/nothing", headers={"host": f"host{number}.example"})
            assert (answer.status_code, answer.json()["detail"]) == (400, "Bad Request")
    line = "Invalid HTTP_HOST header: '{0}'. You may need to add '{0}' to ALLOWED_HOSTS."
    assert lines == [("WARNING", line.format("host0.example"))]
    hour = time.monotonic() + 3600
    monkeypatch.setattr("{{ cookiecutter.package_name }}.platform.core.limits.monotonic", lambda: hour)
    client.get("/api/nothing", headers={"host": "late.example"})
    assert lines[1][1] == line.format("late.example") + " (20 times)"


def test_hosts_are_allowed_by_the_settings(with_variables, request):
    with_variables(ALLOWED_HOSTS=".example.org, example.com")
    client = request.getfixturevalue("client")
    for host, status in (("www.example.org", 404), ("example.com:8000", 404), ("localhost", 400)):
        assert client.get("/nowhere", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("environment", "debug", "shown"),
    [
        ("development", "true", True),
        ("development", None, False),
        ("test", "true", False),
        ("production", "true", False),
    ],
)
def test_debug_pages_are_for_development_only(with_variables, request, environment, debug, shown):
    with_variables(ENVIRONMENT=environment, DEBUG=debug)
    client = request.getfixturevalue("client")
    assert ("DEBUG = True" in client.get("/nowhere").text) is shown


def test_cookies_need_tls_in_production_and_are_signed_with_the_secret(with_variables):
    with_variables(ENVIRONMENT="production", SECRET_KEY="5" * 40)
    assert module.SESSION_COOKIE_SECURE is module.CSRF_COOKIE_SECURE is True
    assert module.SECRET_KEY == "5" * 40


def test_a_request_that_may_be_forged_is_refused_in_json(client, metrics):
    refused = 'http_requests_total{endpoint="/admin/login/",method="POST",status="403"}'
    with metrics.adds({refused: 1}, "http_requests"):
        assert client.post(FORM).json()["detail"] == "Forbidden"


def test_a_method_that_a_route_lacks_is_refused_in_json_with_those_it_has(client):
    answer = client.put("/probe/waiting/1")
    assert (answer.status_code, answer.json()["detail"]) == (405, "Method Not Allowed")
    assert answer.headers["allow"] == "GET"
    assert answer.headers["content-length"] == str(len(answer.content))


def test_the_admin_pages_are_there_with_their_style(client):
    assert client.get("/admin").headers["location"] == "/admin/"
    assert client.get("/admin/").headers["location"] == "/admin/login/?next=/admin/"
    assert "/static/admin/css/base.css" in client.get(FORM).text
    style = client.get("/static/admin/css/base.css")
    assert style.headers["content-type"].startswith("text/css")
    assert client.get("/static/admin/css/none.css").status_code == 404


def test_a_weak_password_is_no_password():
    assert len(module.AUTH_PASSWORD_VALIDATORS) == 4
