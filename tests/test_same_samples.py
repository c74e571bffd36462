"""The same requests to the example component give the same samples, whatever the framework."""

from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import Answers, Project, questions
from server import Server
from test_live_server import BOOKMARKS, ONE, bookmark_round_trip
from test_workers import running

COMPARED = ("http_", "bookmarks_")
TIMINGS = ("_bucket", "_sum")

# All that the scenario leaves in the families compared, the timings aside.
EXPECTED = """
bookmarks_operation_duration_seconds_count{operation="create"} 2
bookmarks_operation_duration_seconds_count{operation="delete"} 3
bookmarks_operation_duration_seconds_count{operation="get"} 4
bookmarks_operation_duration_seconds_count{operation="list"} 2
bookmarks_operations_total{operation="create",outcome="success"} 2
bookmarks_operations_total{operation="delete",outcome="not_found"} 1
bookmarks_operations_total{operation="delete",outcome="success"} 2
bookmarks_operations_total{operation="get",outcome="not_found"} 2
bookmarks_operations_total{operation="get",outcome="success"} 2
bookmarks_operations_total{operation="list",outcome="success"} 2
bookmarks_stored{} 0
http_request_duration_seconds_count{endpoint="/api/bookmarks",method="GET"} 2
http_request_duration_seconds_count{endpoint="/api/bookmarks",method="POST"} 3
http_request_duration_seconds_count{endpoint="/api/bookmarks",method="_OTHER"} 2
http_request_duration_seconds_count{endpoint="/api/bookmarks/{id}",method="DELETE"} 3
http_request_duration_seconds_count{endpoint="/api/bookmarks/{id}",method="GET"} 4
http_request_duration_seconds_count{endpoint="unmatched",method="GET"} 1
http_requests_in_progress{method="DELETE"} 0
http_requests_in_progress{method="GET"} 0
http_requests_in_progress{method="POST"} 0
http_requests_in_progress{method="PUT"} 0
http_requests_in_progress{method="_OTHER"} 0
http_requests_total{endpoint="/api/bookmarks",method="GET",status="200"} 2
http_requests_total{endpoint="/api/bookmarks",method="POST",status="201"} 2
http_requests_total{endpoint="/api/bookmarks",method="POST",status="422"} 1
http_requests_total{endpoint="/api/bookmarks",method="_OTHER",status="405"} 2
http_requests_total{endpoint="/api/bookmarks/{id}",method="DELETE",status="204"} 2
http_requests_total{endpoint="/api/bookmarks/{id}",method="DELETE",status="404"} 1
http_requests_total{endpoint="/api/bookmarks/{id}",method="GET",status="200"} 2
http_requests_total{endpoint="/api/bookmarks/{id}",method="GET",status="404"} 2
http_requests_total{endpoint="unmatched",method="GET",status="404"} 1
""".strip().splitlines()


def scenario(server: Server) -> None:
    """Use the bookmarks, rightly and wrongly."""
    bookmark_round_trip(server)
    bookmark_round_trip(server)
    server.send("DELETE", f"{BOOKMARKS}/1000", ONE, 404)
    server.send("POST", BOOKMARKS, BOOKMARKS, 422, {"url": "not a page"})
    server.send("PUT", BOOKMARKS, BOOKMARKS, 405)
    server.send("PROPFIND", BOOKMARKS, BOOKMARKS, 405)
    server.send("GET", "/nowhere", "unmatched", 404)


def exposed(server: Server) -> list[str]:
    """Return the samples of the families compared, in a fixed order, without timings."""
    return sorted(
        sample.name
        + "{"
        + ",".join(f'{label}="{value}"' for label, value in sorted(sample.labels.items()))
        + f"}} {sample.value:g}"
        for name, family in server.scrape().items()
        if name.startswith(COMPARED)
        for sample in family.samples
        if not sample.name.endswith(TIMINGS)
    )


@pytest.mark.parametrize("framework", questions()["framework"])
def test_a_scenario_leaves_the_same_samples_in_every_framework(
    workshop: Callable[[Answers], Project], framework: str, tmp_path: Path
) -> None:
    with running(workshop({"framework": framework}), tmp_path) as service:
        scenario(service.server)
        assert exposed(service.server) == sorted(EXPECTED)
