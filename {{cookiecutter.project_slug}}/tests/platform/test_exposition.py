"""`/metrics` answers what the scraper asks for, and what the registry holds."""

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

FORMATS = [
    (None, "text/plain; version=", parse_text),
    ("text/plain;version=0.0.4", "text/plain; version=0.0.4", parse_text),
    (
        "application/openmetrics-text; version=1.0.0",
        "application/openmetrics-text",
        parse_openmetrics,
    ),
]


def test_the_scraper_chooses_the_format(client):
    client.get("/nowhere")
    for accept, content_type, parse in FORMATS:
        scraped = client.get("/metrics", headers={"accept": accept} if accept else {})
        assert scraped.headers["content-type"].startswith(content_type)
        counts = [
            sample.value
            for family in parse(scraped.text)
            for sample in family.samples
            if sample.name == "http_requests_total"
        ]
        assert counts == [1.0], content_type


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain; version=x",
        "text/plain;version=",
        'text/plain;version="1.0.0"',
        f"text/plain;version={5000 * '9'}.0.0",
        "application/openmetrics-text; version=1.0.0-rc1",
        "application/openmetrics-text;version=1\t.0.0",
        "application/openmetrics-text;version=1.0.0=2.0.0;q=x",
        "text/html;q=high",
        ";;==,,",
    ],
)
@pytest.mark.parametrize("path", ["/metrics", "/health"])
def test_what_cannot_be_read_in_a_header_counts_as_absent(client, path, accept):
    expected = client.get(path, headers={"accept": ""})
    answer = client.get(path, headers={"accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == expected.headers["content-type"]


def test_a_format_beside_one_that_cannot_be_read_is_still_chosen(client):
    accept = "text/plain;version=x;q=0.9, application/openmetrics-text;version=1.0.0;q=0.5"
    content_type = client.get("/metrics", headers={"accept": accept}).headers["content-type"]
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")


def test_a_scrape_shows_the_same_as_the_registry(client, metrics):
    client.get("/nowhere")
    scraped = client.get("/metrics", headers={"accept": "text/plain;version=0.0.4"}).text
    assert metrics.exposition("http_requests_total") in scraped
