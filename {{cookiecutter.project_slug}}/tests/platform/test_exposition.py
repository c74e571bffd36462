"""`/metrics` answers what the scraper asks for, and what the registry holds."""

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


def test_a_scrape_shows_the_same_as_the_registry(client, metrics):
    client.get("/nowhere")
    scraped = client.get("/metrics", headers={"accept": "text/plain;version=0.0.4"}).text
    assert metrics.exposition("http_requests_total") in scraped
