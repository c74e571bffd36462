"""The bookmark as a row."""

from datetime import datetime

from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone

from ..platform.db.engine import Model


class Bookmark(Model):
    """A page that somebody wants to find again."""

    url: "models.CharField[str, str]" = models.CharField(
        max_length=2000, validators=[URLValidator(("http", "https"))]
    )
    title: "models.CharField[str, str]" = models.CharField(max_length=200)
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(
        default=timezone.now, editable=False
    )

    class Meta:
        """The table, by the name that it has with every ORM."""

        db_table = "bookmarks"

    def __str__(self) -> str:
        """How the admin site names it."""
        return self.title
