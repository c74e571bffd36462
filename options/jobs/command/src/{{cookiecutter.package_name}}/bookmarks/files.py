"""Bookmarks in files: JSON as the API has it, CSV, and the HTML of browsers, once Netscape's."""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from html.parser import HTMLParser
from io import StringIO
from typing import Any, TextIO

from pydantic import AwareDatetime, Field

from .schemas import KeptBookmark, NewBookmark

Entries = Iterable[tuple[str, Any]]  # where each stands, such as "line 7", and what
HEAD = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p>
"""


class ImportedBookmark(NewBookmark):
    """What a file has of a bookmark: it was kept before, or is from now on."""

    created_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


def _read_json(text: str) -> Entries:
    entries = json.loads(text)
    if not isinstance(entries, list):
        raise ValueError("the file is no JSON array, like [{…}, {…}]")  # noqa: TRY004 - as json does
    return ((f"entry {number}", entry) for number, entry in enumerate(entries, 1))


def _write_json(kept: Iterable[KeptBookmark], file: TextIO) -> None:
    entries = ",\n".join(one.model_dump_json() for one in kept)
    file.write(f"[\n{entries}\n]\n")


def _read_csv(text: str) -> Entries:
    # A comma too many makes the title a list, which is refused.
    rows = csv.DictReader(StringIO(text, newline=""), restkey="title", strict=True)
    for row in rows:
        yield f"line {rows.line_num}", {name: value for name, value in row.items() if value}


def _write_csv(kept: Iterable[KeptBookmark], file: TextIO) -> None:
    rows = csv.DictWriter(file, list(KeptBookmark.model_fields))
    rows.writeheader()
    rows.writerows(one.model_dump(mode="json") for one in kept)


class _Links(HTMLParser):
    """Collects links; the text up to the next tag is the title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.entries: list[tuple[str, Any]] = []
        self._last = {"title": ""}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {"url": dict(attrs).get("href"), "created_at": dict(attrs).get("add_date")}
        self._last = {"title": "", **{name: value for name, value in given.items() if value}}
        if tag == "a":
            self.entries.append((f"line {self.getpos()[0]}", self._last))

    def handle_data(self, data: str) -> None:
        self._last["title"] += data


def _write_netscape(kept: Iterable[KeptBookmark], file: TextIO) -> None:
    file.write(HEAD)
    for one in kept:
        date = int(one.created_at.timestamp())
        link = f'<A HREF="{escape(one.url)}" ADD_DATE="{date}">{escape(one.title)}</A>'
        file.write(f"    <DT>{link}\n")
    file.write("</DL><p>\n")


# How each is read, and how it is written.
FORMATS = {
    "json": (_read_json, _write_json),
    "csv": (_read_csv, _write_csv),
    "netscape": (lambda text: _Links(text).entries, _write_netscape),
}
