"""The bookmarks are kept on the admin pages too, by whom is allowed to."""

from {{ cookiecutter.package_name }}.bookmarks.models import Bookmark

LIST = "/admin/bookmarks/bookmark/"


def test_an_administrator_adds_a_bookmark_and_finds_it(admin_client):
    page = {"url": "https://example.org/", "title": "An example"}
    assert admin_client.post(f"{LIST}add/", page).headers["location"] == LIST
    assert [str(bookmark) for bookmark in Bookmark.objects.all()] == ["An example"]
    assert b"https://example.org/" in admin_client.get(LIST, {"q": "example"}).content
    assert b"0 bookmarks" in admin_client.get(LIST, {"q": "absent"}).content


def test_a_wrong_address_is_refused(admin_client):
    assert admin_client.post(f"{LIST}add/", {"url": "no address", "title": "x"}).status_code == 200
    assert Bookmark.objects.count() == 0
