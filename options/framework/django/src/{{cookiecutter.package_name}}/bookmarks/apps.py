"""The bookmarks as an application of Django."""

from django.apps import AppConfig


class BookmarksConfig(AppConfig):
    """Named after its folder."""

    name = __name__.rpartition(".")[0]
