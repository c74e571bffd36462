"""The schema of the bookmarks, revision by revision."""
