"""The bookmarks on Django's admin site."""

from django.contrib import admin

from .models import Bookmark


@admin.register(Bookmark)
class BookmarkAdmin(admin.ModelAdmin):
    """A list that can be searched, newest first."""

    list_display = ["title", "url", "created_at"]
    search_fields = ["title", "url"]
    ordering = ["-id"]
