"""The bookmarks as an application of Django."""

from django.apps import AppConfig

from ..platform.polling import register_for_polling


class BookmarksConfig(AppConfig):
    """Named after its folder."""

    name = __name__.rpartition(".")[0]

    def ready(self) -> None:
        """Poll how many there are, once the models can be imported."""
        from . import service  # noqa: PLC0415 - as above

        register_for_polling("bookmarks", service.poll)
