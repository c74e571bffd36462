"""A running service counts every request exactly once, under its route, and says how it is."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from bakery import Answers, Project, name_of
from prometheus_client import Metric
from server import Server, serving

BOOKMARKS = "/api/bookmarks"
ONE = "/api/bookmarks/{id}"
PAGE = {"url": "https://example.com/", "title": "Example"}


@pytest.fixture(scope="module")
def server(workshop: Callable[[Answers], Project], distinct_variant: Answers, figures: list[str]) -> Iterator[Server]:
    """Return the service of a variant, started as its users start it."""
    with serving(workshop(distinct_variant)) as running:
        figures.append(f"start to ready, {name_of(distinct_variant)}: {running.seconds_to_ready:.2f} s")
        yield running


def counted(families: dict[str, Metric], family: str, sample: str, *labels: str) -> Counter[tuple[str, ...]]:
    """Return the values of one sample name by the labels asked for, all other labels absent."""
    found = [one for one in families[family].samples if one.name == sample]
    assert all(sorted(one.labels) == sorted(labels) for one in found)
    return Counter({tuple(one.labels[label] for label in labels): int(one.value) for one in found})


def bookmark_round_trip(server: Server) -> None:
    """Create, read, list and delete a bookmark, and look for it in vain."""
    created = server.send("POST", BOOKMARKS, BOOKMARKS, 201, PAGE).json()
    path = f"{BOOKMARKS}/{created['id']}"
    assert server.send("GET", path, ONE, 200).json() == created
    server.send("GET", f"{BOOKMARKS}?limit=5", BOOKMARKS, 200)
    assert server.send("DELETE", path, ONE, 204).body == b""
    server.send("GET", path, ONE, 404)


def test_every_request_is_counted_exactly_once(server: Server) -> None:
    bookmark_round_trip(server)
    for path in ("/nowhere", "/api", "/api/bookmark", "/%7Bid%7D", "/nowhere?x=1"):
        server.send("GET", path, "unmatched", 404)
    server.send("PUT", BOOKMARKS, BOOKMARKS, 405, PAGE)
    server.send("PATCH", f"{BOOKMARKS}/1", ONE, 405)
    server.send("POST", BOOKMARKS, BOOKMARKS, 422, {"url": "not a page"})
    server.send("GET", f"{BOOKMARKS}/one", ONE, 422)
    server.send("PROPFIND", "/nowhere", "unmatched", 404)
    server.send("PROPFIND", BOOKMARKS, BOOKMARKS, 405)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(bookmark_round_trip, server) for _ in range(40)]:
            done.result()

    for openmetrics in (False, True):
        families = server.scrape(openmetrics=openmetrics)
        by_status = counted(families, "http_requests", "http_requests_total", "method", "endpoint", "status")
        assert by_status == server.sent
        durations = counted(
            families, "http_request_duration_seconds", "http_request_duration_seconds_count", "method", "endpoint"
        )
        by_route: Counter[tuple[str, ...]] = Counter()
        for (method, endpoint, _), number in server.sent.items():
            by_route[method, endpoint] += number
        assert durations == by_route
        in_progress = counted(families, "http_requests_in_progress", "http_requests_in_progress", "method")
        assert in_progress
        assert set(in_progress.values()) == {0}
    assert server.sent.total() == 41 * 5 + 11


def test_probes_and_scrapes_are_not_counted(server: Server) -> None:
    before = server.sent.total()
    for path in ("/livez", "/readyz", "/health", "/api/health", "/metrics"):
        assert server.ask("GET", path).status == 200, path
    families = server.scrape()
    after = counted(families, "http_requests", "http_requests_total", "method", "endpoint", "status")
    assert after.total() == before


def test_the_report_says_how_the_service_is(server: Server) -> None:
    report = server.ask("GET", "/health").json()
    assert report["status"] == "healthy"
    assert {"recent_errors_5min", "avg_response_time_ms", "concurrent_users", "version"} <= set(report)
    assert report["version"] == "0.1.0"
    assert "database" in str(report)
