"""The bookmarks are kept on the admin pages too, by whom is allowed to."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from {{ cookiecutter.package_name }}.bookmarks.models import Bookmark
from {{ cookiecutter.package_name }}.platform.web.app import create_app

LIST = "/admin/bookmarks/bookmark/"


@pytest.fixture
def staff(database):
    """A browser that an administrator is logged in with."""
    create_app()
    browser = Client(headers={"host": "localhost"})
    browser.force_login(get_user_model().objects.create_superuser("ada"))
    return browser


def test_an_administrator_adds_a_bookmark_and_finds_it(staff):
    page = {"url": "https://example.org/", "title": "An example"}
    assert staff.post(f"{LIST}add/", page).headers["location"] == LIST
    assert [str(bookmark) for bookmark in Bookmark.objects.all()] == ["An example"]
    assert b"https://example.org/" in staff.get(LIST, {"q": "example"}).content
    assert b"0 bookmarks" in staff.get(LIST, {"q": "absent"}).content


def test_a_wrong_address_is_refused(staff):
    assert staff.post(f"{LIST}add/", {"url": "no address", "title": "x"}).status_code == 200
    assert Bookmark.objects.count() == 0
