"""The full route template of a request, through included URL configurations."""

import re
from functools import cache

from django.contrib.admindocs.views import simplify_regex

# A parameter as path() writes it, `<int:id>`, or as simplify_regex leaves one of re_path().
PARAMETER = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")


@cache
def template(route: str) -> str:
    """The template of a route as the resolver names it: `api/<int:id>` is `/api/{id}`.

    The routes of the application are all that it is ever asked for, so they bound the cache.
    """
    return PARAMETER.sub(r"{\1}", simplify_regex(route))
