"""The bookmark as a row."""

from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone


class Bookmark(models.Model):
    """A page that somebody wants to find again."""

    url = models.CharField(max_length=2000, validators=[URLValidator(["http", "https"])])
    title = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "bookmarks"

    def __str__(self) -> str:
        """How the admin site names it."""
        return self.title
