"""The example component: bookmarks under /api/bookmarks. Delete the folder to start your own."""
