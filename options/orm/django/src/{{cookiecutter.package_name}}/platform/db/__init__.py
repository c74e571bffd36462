"""The database: Django's ORM, its connections and migrations."""

from .setup import set_up

set_up()  # Django wants it before the first model is defined, wherever that is imported from
