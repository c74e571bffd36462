"""What docs/http.md says of the framework's own answers is what clients get."""

import json
import re

import pytest

ROW = re.compile(
    r"^\| `([A-Z]+) (\S+)` \| (\d+) \| (?:`([^`]+)`)? *\| (?:`([^`]+)`)? *\|$", re.MULTILINE
)


@pytest.fixture
def rows(request) -> list[tuple[str, ...]]:
    """Method, path, status, header and body of each row of the table."""
    page = (request.config.rootpath / "docs" / "http.md").read_text()
    found = ROW.findall(page)
    assert len(found) == page.count("\n| `")
    return found


def test_clients_get_what_the_page_says(client, rows):
    base = str(client.base_url).rstrip("/")
    for method, path, status, header, body in rows:
        headers = {"X-Request-ID": "7f3a"}
        answer = client.request(method, base + path, headers=headers, follow_redirects=False)
        assert (method, path, answer.status_code) == (method, path, int(status))
        name, _, value = header.partition(": ")
        sent = answer.headers.get(name, "").removeprefix(base)
        assert sorted(sent.split(", ")) == sorted(value.split(", "))
        if method != "HEAD":  # without a server in between, it may have one
            assert (answer.json() if answer.content else "") == (json.loads(body) if body else "")


def test_the_page_has_what_frameworks_answer_differently(rows):
    assert [(method, path) for method, path, *_ in rows] == [
        ("GET", "/livez"),
        ("HEAD", "/livez"),
        ("OPTIONS", "/livez"),
        ("POST", "/livez"),
        ("GET", "/livez/"),
        ("GET", "//livez"),
        ("GET", "/nowhere"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PUT", "/probe/waiting/1", 405),
        ("POST", "/api/bookmarks", 422),
        ("GET", "/probe/broken", 500),
    ],
)
def test_every_error_has_the_name_of_its_request_in_the_body(client, method, path, status):
    asked = {"headers": {"X-Request-ID": "7f3a"}} | ({"json": {}} if method == "POST" else {})
    answer = client.request(method, path, **asked)
    assert (answer.status_code, answer.json()["request_id"]) == (status, "7f3a")
    assert list(answer.json()) == ["detail", "request_id"]
