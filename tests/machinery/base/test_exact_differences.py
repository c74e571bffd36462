"""A request changes the metrics that it should, each once, and no other metric of the service."""

PAGE = {"url": "https://example.org/", "title": "An example"}


def test_every_operation_is_counted_once_and_nothing_else_changes(client, metrics):
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="create",outcome="success"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="create"}': 1,
            'http_requests_total{endpoint="/api/bookmarks",method="POST",status="201"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks",method="POST"}': 1,
            'database_query_duration_seconds_count{operation="insert"}': 1,
            'database_model_operations_total{model="Bookmark",operation="insert"}': 1,
        }
    ):
        number = client.post("/api/bookmarks", json=PAGE).json()["id"]
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="list",outcome="success"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="list"}': 1,
            'http_requests_total{endpoint="/api/bookmarks",method="GET",status="200"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks",method="GET"}': 1,
            'database_query_duration_seconds_count{operation="select"}': 1,
        }
    ):
        client.get("/api/bookmarks")
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="get",outcome="success"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="get"}': 1,
            'http_requests_total{endpoint="/api/bookmarks/{id}",method="GET",status="200"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks/{id}",method="GET"}': 1,
            'database_query_duration_seconds_count{operation="select"}': 1,
        }
    ):
        client.get(f"/api/bookmarks/{number}")
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="delete",outcome="success"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="delete"}': 1,
            'http_requests_total{endpoint="/api/bookmarks/{id}",method="DELETE",status="204"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks/{id}",method="DELETE"}': 1,
            'database_query_duration_seconds_count{operation="select"}': 1,
            'database_query_duration_seconds_count{operation="delete"}': 1,
            'database_model_operations_total{model="Bookmark",operation="delete"}': 1,
        }
    ):
        client.delete(f"/api/bookmarks/{number}")


def test_a_database_that_fails_is_counted_as_an_error(client, metrics, lose_database):
    lose_database()
    with metrics.adds(
        {
            'bookmarks_operations_total{operation="list",outcome="error"}': 1,
            'bookmarks_operation_duration_seconds_count{operation="list"}': 1,
            'http_requests_total{endpoint="/api/bookmarks",method="GET",status="500"}': 1,
            'http_request_duration_seconds_count{endpoint="/api/bookmarks",method="GET"}': 1,
            "database_connection_attempts_total": 1,
            "database_connection_failures_total": 1,
            "database_connection_duration_seconds_count": 1,
            'application_errors_total{type="OperationalError"}': 1,
            'log_messages_total{level="ERROR"}': 1,
        }
    ):
        assert client.get("/api/bookmarks").status_code == 500
