"""Packages for Django, added to a service as their own README says, work and are counted right."""

import http.client
import re
from collections.abc import Iterator

import pytest
from bakery import Bakery, Project
from interpreters import uv
from server import HOST, Server, serving
from test_live_server import counted

# https://www.django-rest-framework.org/#installation and #example
REST = '''
from rest_framework import routers, serializers, viewsets

from .bookmarks.models import Bookmark


class BookmarkSerializer(serializers.ModelSerializer):
    """A bookmark."""

    class Meta:
        model = Bookmark
        fields = ["id", "url", "title"]


class BookmarkViewSet(viewsets.ModelViewSet):
    """All bookmarks."""

    queryset = Bookmark.objects.order_by("id")
    serializer_class = BookmarkSerializer


router = routers.DefaultRouter()
router.register(r"rest", BookmarkViewSet)
'''


def edit(project: Project, name: str, old: str, new: str) -> None:
    """Change one line of a file of the service."""
    path = project.path / "src" / "example_service" / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (name, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def project(bakery: Bakery, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a service with Django REST framework, django-debug-toolbar and django-cors-headers."""
    project = bakery.bake_into(tmp_path_factory.mktemp("packages"), {"framework": "django"})
    path = project.path / "pyproject.toml"
    packages = (
        '    "djangorestframework",\n    "django-debug-toolbar",\n    "django-cors-headers",\n]\n\n[project.scripts]'
    )
    path.write_text(path.read_text(encoding="utf-8").replace("]\n\n[project.scripts]", packages), encoding="utf-8")
    apps = '    "rest_framework",\n    "debug_toolbar",\n    "corsheaders",\n    *component_apps()'
    edit(project, "settings.py", "    *component_apps()", apps)
    common = '    "django.middleware.common.CommonMiddleware",\n'
    # Both pages say: as early in the list as possible.
    early = '    "debug_toolbar.middleware.DebugToolbarMiddleware",\n    "corsheaders.middleware.CorsMiddleware",\n'
    edit(project, "settings.py", common, early + common)
    edit(
        project,
        "settings.py",
        'ROOT_URLCONF = f"',
        'CORS_ALLOW_ALL_ORIGINS = True\nINTERNAL_IPS = ["127.0.0.1"]\nROOT_URLCONF = f"',
    )
    edit(
        project,
        "urls.py",
        "from django.urls import path\n",
        "from debug_toolbar.toolbar import debug_toolbar_urls\nfrom django.urls import include, path\n",
    )
    edit(project, "urls.py", "from .platform.web", "from .rest import router\nfrom .platform.web")
    paths = '    path("", include(router.urls)),\n    path("api-auth/", include("rest_framework.urls")),\n'
    edit(project, "urls.py", "]\n\nhandler400", f"{paths}] + debug_toolbar_urls()\n\nhandler400")
    (project.path / "src" / "example_service" / "rest.py").write_text(REST, encoding="utf-8")
    project.run("make", "setup", f"UV={uv()}")
    return project


@pytest.fixture(scope="module")
def server(project: Project) -> Iterator[Server]:
    """Return the service, in development as its developers see it."""
    with serving(project, DEBUG="true", DATABASE_URL=f"sqlite:///{project.path}/packages.db") as running:
        yield running


def test_a_view_set_is_counted_under_its_templates(server: Server) -> None:
    page = {"url": "https://example.org/", "title": "An example"}
    number = server.send("POST", "/rest/", "/rest/", 201, page).json()["id"]
    server.send("GET", "/rest/", "/rest/", 200)
    assert server.send("GET", f"/rest/{number}/", "/rest/{pk}/", 200).json() == {**page, "id": number}
    server.send("GET", "/rest/1000/", "/rest/{pk}/", 404)
    server.send("PATCH", f"/rest/{number}/", "/rest/{pk}/", 400, {"title": ""})
    server.send("PROPFIND", "/rest/", "/rest/", 405)
    assert counts(server) == server.sent


def test_the_toolbar_is_on_the_admin_pages(server: Server) -> None:
    page = server.send("GET", "/admin/login/", "/admin/login/", 200).body.decode()
    [stylesheet] = re.findall(r'href="(/static/debug_toolbar/css/toolbar[^"]*)"', page)
    server.send("GET", stylesheet, "unmatched", 200)
    assert counts(server) == server.sent


def test_a_preflight_that_a_middleware_answers_is_counted_as_it_is_sent(server: Server) -> None:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    connection.request("OPTIONS", "/rest/", headers=asked)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Access-Control-Allow-Origin")) == (200, "*")
    connection.close()
    server.sent["OPTIONS", "unmatched", "200"] += 1
    assert counts(server) == server.sent


def counts(server: Server) -> dict[tuple[str, ...], int]:
    """Return the requests that a scrape shows, by method, endpoint and status."""
    return dict(counted(server.scrape(), "http_requests", "http_requests_total", "method", "endpoint", "status"))


def test_what_the_team_inherited_stays_green(project: Project) -> None:
    project.run("make", "test")
