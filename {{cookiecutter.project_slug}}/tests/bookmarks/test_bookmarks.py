"""The bookmarks through the real application, with exact metrics."""

import pytest

PAGE = {"url": "https://example.org/", "title": "An example"}
COUNTED = ("bookmarks", "http")  # what else the service records meanwhile is not asked


def test_a_bookmark_makes_the_round_trip(client):
    made = client.post("/api/bookmarks", json=PAGE)
    assert made.status_code == 201
    number = made.json()["id"]
    assert made.json() == {**PAGE, "id": number, "created_at": made.json()["created_at"]}
    assert client.get(f"/api/bookmarks/{number}").json() == made.json()
    assert client.get("/api/bookmarks").json() == [made.json()]
    assert client.delete(f"/api/bookmarks/{number}").status_code == 204
    assert client.get("/api/bookmarks").json() == []


def test_every_operation_is_counted_once_with_its_request(client, metrics):
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="create",outcome="success"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="create"}': 1,
            'http_requests_total{endpoint="/api/bookmarks",method="POST",status="201"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks",method="POST"}': 1,
        },
        *COUNTED,
    ):
        number = client.post("/api/bookmarks", json=PAGE).json()["id"]
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="list",outcome="success"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="list"}': 1,
            'http_requests_total{endpoint="/api/bookmarks",method="GET",status="200"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks",method="GET"}': 1,
        },
        *COUNTED,
    ):
        client.get("/api/bookmarks")
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="get",outcome="success"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="get"}': 1,
            'http_requests_total{endpoint="/api/bookmarks/{id}",method="GET",status="200"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks/{id}",method="GET"}': 1,
        },
        *COUNTED,
    ):
        client.get(f"/api/bookmarks/{number}")
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="delete",outcome="success"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="delete"}': 1,
            'http_requests_total{endpoint="/api/bookmarks/{id}",method="DELETE",status="204"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks/{id}",method="DELETE"}': 1,
        },
        *COUNTED,
    ):
        client.delete(f"/api/bookmarks/{number}")


def test_a_bookmark_that_is_not_there_is_not_found(client, metrics):
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="get",outcome="not_found"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="get"}': 1,
            'http_requests_total{endpoint="/api/bookmarks/{id}",method="GET",status="404"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks/{id}",method="GET"}': 1,
        },
        *COUNTED,
    ):
        answer = client.get("/api/bookmarks/7")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no bookmark 7"
    assert client.delete("/api/bookmarks/7").status_code == 404


WRONG = [
    {},
    {"url": "https://example.org/"},
    {"url": "no address", "title": "x"},
    {"url": "javascript:alert(1)", "title": "x"},
    {"url": "https://example.org/", "title": " "},
    {"url": "https://example.org/", "title": "x" * 201},
    {"url": "https://example.org/", "title": "x\0y"},
    {"url": "https://example.org/" + "x" * 2000, "title": "x"},
]


def test_a_wrong_bookmark_is_refused_and_is_no_operation(client, metrics):
    with metrics.adds(
        {
            'http_requests_total{endpoint="/api/bookmarks",method="POST",status="422"}': len(WRONG),
            'http_request_duration_seconds_count{endpoint="/api/bookmarks",method="POST"}': len(
                WRONG
            ),
        },
        *COUNTED,
    ):
        for wrong in WRONG:
            assert client.post("/api/bookmarks", json=wrong).status_code == 422, wrong


JSON = "application/json"
NO_BOOKMARK = [
    (b"", JSON, "missing", ["body"]),
    (b'{"url":', JSON, "json_invalid", ["body", 7]),
    (b"[]", JSON, "model_attributes_type", ["body"]),
    (b'{"url": "https://example.org/", "title": 7}', JSON, "string_type", ["body", "title"]),
    (
        b'{"url": "https://example.org/", "title": "x"}',
        "text/plain",
        "model_attributes_type",
        ["body"],
    ),
]


def test_a_body_that_is_no_bookmark_is_refused_with_the_place(client):
    for content, content_type, kind, place in NO_BOOKMARK:
        sent = {"content": content, "headers": {"content-type": content_type}}
        answer = client.post("/api/bookmarks", **sent)
        assert answer.status_code == 422, sent
        problems = [(one["type"], one["loc"]) for one in answer.json()["detail"]]
        assert problems == [(kind, place)], sent


@pytest.mark.parametrize(
    ("value", "repeated"),
    [
        (b"NaN", "NaN"),
        (b"-Infinity", "-Infinity"),
        (b"1e999", "Infinity"),
        (b'["\\ud800"]', ["\ud800"]),
    ],
)
def test_a_value_that_json_cannot_repeat_is_refused_as_any_other(client, value, repeated):
    content = b'{"url": "https://example.org/", "title": ' + value + b"}"
    answer = client.post("/api/bookmarks", content=content, headers={"content-type": JSON})
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert (problem["type"], problem["loc"]) == ("string_type", ["body", "title"])
    assert problem["input"] == repeated


@pytest.mark.parametrize("content", [b"\x80", b"[" * 100_000], ids=["no UTF-8", "too deep"])
def test_a_body_that_cannot_be_read_is_refused(client, content):
    answer = client.post("/api/bookmarks", content=content, headers={"content-type": JSON})
    assert answer.status_code == 400
    assert answer.json()["detail"] == "There was an error parsing the body"


NO_NUMBER = [
    ("/one", "int_parsing", ["path", "id"], "one"),
    ("/-1", "greater_than_equal", ["path", "id"], "-1"),
    ("/2147483648", "less_than_equal", ["path", "id"], "2147483648"),
    ("?limit=0", "greater_than_equal", ["query", "limit"], "0"),
    ("?limit=1&limit=many", "int_parsing", ["query", "limit"], "many"),
    ("?after=99999999999999999999", "less_than_equal", ["query", "after"], "9" * 20),
]


def test_a_number_that_no_row_can_have_is_refused_with_the_place(client):
    for path, kind, place, sent in NO_NUMBER:
        answer = client.get(f"/api/bookmarks{path}")
        assert answer.status_code == 422, path
        [problem] = answer.json()["detail"]
        assert (problem["type"], problem["loc"], problem["input"]) == (kind, place, sent)


def test_a_list_is_read_page_by_page(client):
    numbers = [client.post("/api/bookmarks", json=PAGE).json()["id"] for _ in range(5)]
    first = [row["id"] for row in client.get("/api/bookmarks?limit=3").json()]
    rest = [row["id"] for row in client.get(f"/api/bookmarks?limit=3&after={first[-1]}").json()]
    assert first + rest == numbers


def test_a_page_is_as_long_as_the_settings_say(client, mock_env):
    mock_env(BOOKMARKS_PAGE_SIZE="2")
    for _ in range(3):
        client.post("/api/bookmarks", json=PAGE)
    assert len(client.get("/api/bookmarks").json()) == 2


def test_a_database_that_fails_is_counted_as_an_error(client, metrics, lose_database):
    lose_database()
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="list",outcome="error"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="list"}': 1,
            'http_requests_total{endpoint="/api/bookmarks",method="GET",status="500"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks",method="GET"}': 1,
        },
        *COUNTED,
    ):
        assert client.get("/api/bookmarks").status_code == 500
