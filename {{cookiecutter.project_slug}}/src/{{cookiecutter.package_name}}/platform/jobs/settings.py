"""The settings of the jobs: where the metrics of `jobs run` go, which nobody can scrape."""

from pydantic import Field

from ..core.config import Settings


class JobsSettings(Settings):
    """How the metrics of a job reach Prometheus."""

    jobs_metrics: str = Field(
        "",
        pattern=r"^([^:]*|https?://[^/@\s]+(/[^@\s]*)?)$",
        description="Where `jobs run` leaves its metrics: the folder of a node exporter's textfile "
        "collector, or a Pushgateway, like `http://gateway:9091`; nowhere if empty.",
    )
