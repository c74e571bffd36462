"""The settings of the jobs: where the metrics of `jobs run` go, which nobody can scrape."""

import re

from pydantic import field_validator

from ..core.config import Settings


class JobsSettings(Settings):
    """How the metrics of a job, which nobody can scrape, reach Prometheus."""

    jobs_metrics: str = ""
    """Where `jobs run` leaves its metrics: the folder of a node exporter's textfile collector, or a
    Pushgateway, like `http://gateway:9091`; nowhere if empty."""

    @field_validator("jobs_metrics")
    @classmethod
    def _is_a_folder_or_a_gateway(cls, value: str) -> str:
        if ":" in value and not re.fullmatch(r"https?://[^/@\s]+(/[^@\s]*)?", value):
            raise ValueError("must be a folder, or a URL without a user, like http://gateway:9091")
        return value
