"""Where the bookmarks are."""

from django.urls import path

from . import views

urlpatterns = [
    path("api/bookmarks", views.Bookmarks.as_view()),
    path("api/bookmarks/<id>", views.OneBookmark.as_view()),
]
