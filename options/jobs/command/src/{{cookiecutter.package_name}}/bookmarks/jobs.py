"""The jobs of the bookmarks: import from standard input, and export to standard output."""

import csv
import logging
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from pydantic import ValidationError

from ..platform.jobs import Job, JobFailed, JobRun
from .bulk import everything, keep_all
from .files import FORMATS, ImportedBookmark
from .schemas import KeptBookmark

log = logging.getLogger(__name__)

MOST_BYTES = 20_000_000  # read at once; a hundred thousand bookmarks have as many


def import_bookmarks(run: JobRun, arguments: Namespace) -> None:
    """Import bookmarks from standard input: all of them, or none if one is bad."""
    read, _ = FORMATS[arguments.format]
    good, bad = [], []
    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise JobFailed(f"nothing was imported: split the input, {MOST_BYTES:,} bytes are the most")
    try:
        for place, entry in read(content.decode("utf-8-sig")):
            try:
                good.append(ImportedBookmark.model_validate(entry))
            except ValidationError as error:
                found = error.errors(include_input=False, include_url=False)
                problems = [": ".join([*map(str, one["loc"]), one["msg"]]) for one in found]
                bad.append(f"{place}: {'; '.join(problems)}")
    except (ValueError, csv.Error, RecursionError) as error:
        raise JobFailed(f"nothing was imported: {error}") from None
    if bad:
        run.count("error", len(bad))
        for line in bad[:20]:
            log.error(line)
        raise JobFailed(f"nothing was imported: {len(bad)} of {len(good) + len(bad)} are bad")
    keep_all(good)
    run.count("success", len(good))


def export_bookmarks(run: JobRun, arguments: Namespace) -> None:
    """Export every bookmark to standard output."""

    def kept() -> Iterator[KeptBookmark]:
        for bookmark in everything():
            yield KeptBookmark.model_validate(bookmark)
            run.count("success")

    _, write = FORMATS[arguments.format]
    write(kept(), sys.stdout)


def _format(parser: ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, required=True, help="the form of the data")


JOBS = (
    Job(name="import-bookmarks", run=import_bookmarks, arguments=_format),
    Job(name="export-bookmarks", run=export_bookmarks, arguments=_format),
)
