"""The full route template of a request, through included URL configurations."""

import re
from functools import cache

from django.utils.regex_helper import normalize

# What re_path() writes and path() does not.
REGULAR_EXPRESSION = re.compile(r"[\\^$(]")
# A parameter: `<int:id>` of path(), or `%(id)s` as normalize() leaves one of re_path().
PARAMETER = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>|%\(_?(\w+)\)s")


@cache
def template(route: str) -> str:
    """The template of a route as the resolver names it: `api/<int:id>` is `/api/{id}`.

    A regular expression is written as the longest path that Django would make of it, with groups
    that have no name numbered; one that it cannot reverse stays as it is. The routes of the
    application are all that is ever asked for, so they bound the cache.
    """
    if REGULAR_EXPRESSION.search(route):
        longest = max((path for path, _ in normalize(route)), key=len)
        route = longest or route.strip("^$")
    return "/" + PARAMETER.sub(lambda found: "{" + (found[1] or found[2]) + "}", route)
