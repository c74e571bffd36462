"""The database settings: where the data lives."""

from pydantic import Field, SecretStr, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ..core.config import Settings

DIALECTS = ("sqlite",)


class DatabaseSettings(Settings):
    """Where the data lives; the URL may hold a password and is never shown."""

    database_url: SecretStr = Field(
        SecretStr("sqlite:///service.db"),
        description="SQLAlchemy URL of the database; SQLite is embedded and needs no server.",
    )

    @field_validator("database_url")
    @classmethod
    def _is_supported(cls, value: SecretStr) -> SecretStr:
        try:
            dialect = make_url(value.get_secret_value()).get_backend_name()
        except ArgumentError:
            dialect = ""
        if dialect not in DIALECTS:
            raise ValueError(
                f"must be a URL that begins with {' or '.join(DIALECTS)}, like sqlite:///service.db"
            )
        return value
