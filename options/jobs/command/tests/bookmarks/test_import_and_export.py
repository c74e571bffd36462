"""Bookmarks go out to files and come back, all of them or none."""

import io
import re
import sys

import pytest

from {{ cookiecutter.package_name }}.__main__ import main

PAGES = [
    {"url": "https://example.org/?a=1&b=2", "title": 'Commas, "quotes" & <tags>'},
    {"url": "https://example.org/umlaut", "title": "Ümläut"},
]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a job with that standard input; its exit code, its output, and what it logged."""

    def run(name: str, form: str, given: str = "") -> tuple[int, str, list[str]]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        code = main(["jobs", "run", name, "--format", form])
        shown = capsys.readouterr()
        lines = re.findall(r" {{ cookiecutter.package_name }}\.\S+: (.*)", shown.err)
        return code, shown.out, lines

    return run


@pytest.mark.parametrize("form", ["json", "csv", "netscape"])
def test_what_is_exported_is_imported_again(run, client, metrics, form):
    for page in PAGES:
        client.post("/api/bookmarks", json=page)
    kept = client.get("/api/bookmarks").json()
    with metrics.adds(
        {
            'job_runs_total{job="export-bookmarks",outcome="success"}': 1,
            'job_items_total{job="export-bookmarks",outcome="success"}': 2,
        },
        "job_runs",
        "job_items",
    ):
        code, exported, _ = run("export-bookmarks", form)
    assert code == 0
    for bookmark in kept:
        client.delete(f"/api/bookmarks/{bookmark['id']}")
    with metrics.adds(
        {
            'job_runs_total{job="import-bookmarks",outcome="success"}': 1,
            'job_items_total{job="import-bookmarks",outcome="success"}': 2,
        },
        "job_runs",
        "job_items",
    ):
        assert run("import-bookmarks", form, exported)[:2] == (0, "")
    again = client.get("/api/bookmarks").json()
    seconds = len("2026-01-01T00:00:00")  # a browser's file has no more
    for before, after in zip(kept, again, strict=True):
        assert {**before, "id": 0, "created_at": 0} == {**after, "id": 0, "created_at": 0}
        assert before["created_at"][:seconds] == after["created_at"][:seconds]


FIREFOX = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<DL><p>
    <DT><H3 ADD_DATE="1700000000">A folder &amp; more</H3>
    <DL><p>
        <DT><A HREF="https://example.org/?a=1&amp;b=2" ADD_DATE="1700000000" ICON="data:,">One</A>
        <DD>What it is about
        <DT><A HREF="https://example.org/2" ADD_DATE="">Two &lt;2&gt;</A>
    </DL><p>
</DL>
"""


def test_what_a_browser_writes_is_imported(run, client):
    assert run("import-bookmarks", "netscape", FIREFOX)[:2] == (0, "")
    first, second = client.get("/api/bookmarks").json()
    assert (first["url"], first["title"]) == ("https://example.org/?a=1&b=2", "One")
    assert first["created_at"] == "2023-11-14T22:13:20Z"
    assert (second["url"], second["title"]) == ("https://example.org/2", "Two <2>")


def test_a_moment_of_another_time_zone_is_kept_as_that_moment(run, client):
    moment = '"created_at": "2023-11-15T00:13:20+02:00"'
    given = f'[{{"url": "https://a.org/", "title": "a", {moment}}}]'
    assert run("import-bookmarks", "json", given)[0] == 0
    [kept] = client.get("/api/bookmarks").json()
    assert kept["created_at"] == "2023-11-14T22:13:20Z"


def test_a_file_without_bookmarks_is_imported_too(run, client):
    assert run("import-bookmarks", "json", "[]")[0] == 0
    assert client.get("/api/bookmarks").json() == []


BAD = [
    ("json", '[{"url": "https://a.org/", "title": "a"}, 7]', "entry 2: Input should be a valid"),
    ("csv", "url,title\nhttps://a.org/,a\nno address,b\n", "line 3: url: Input should be a valid"),
    ("csv", "url,title\nhttps://a.org/,a,b\n", "line 2: title: Input should be a valid string"),
    ("netscape", FIREFOX.replace("https://example.org/2", "javascript:1"), "line 9: url: URL sch"),
]


def test_nothing_is_imported_if_an_entry_is_bad(run, client, metrics):
    for form, given, reported in BAD:
        with metrics.adds(
            {
                'job_runs_total{job="import-bookmarks",outcome="error"}': 1,
                'job_items_total{job="import-bookmarks",outcome="error"}': 1,
            },
            "job_runs",
            "job_items",
        ):
            code, _, lines = run("import-bookmarks", form, given)
        assert code == 1
        assert lines[0].startswith(reported), lines
    assert client.get("/api/bookmarks").json() == []


UNREADABLE = [
    ("json", "", "nothing was imported: Expecting value"),
    ("json", "{}", "nothing was imported: the file is no JSON array"),
    ("csv", 'url,title\n"', "nothing was imported: unexpected end of data"),
    ("json", " " * 20_000_001, "nothing was imported: split the input, 20,000,000 bytes are"),
]


@pytest.mark.usefixtures("database")
def test_a_file_that_cannot_be_read_is_one_line(run):
    for form, given, reported in UNREADABLE:
        code, _, lines = run("import-bookmarks", form, given)
        assert code == 1
        assert lines[0].startswith(reported), lines
        assert lines[1].startswith("job import-bookmarks: error, no items, "), lines


@pytest.mark.usefixtures("database")
def test_only_the_first_bad_entries_are_listed(run):
    code, _, lines = run("import-bookmarks", "json", f"[{','.join('0' * 50)}]")
    assert code == 1
    assert [line.partition(":")[0] for line in lines[:20]] == [f"entry {n}" for n in range(1, 21)]
    assert lines[20] == "nothing was imported: 50 of 50 are bad"
