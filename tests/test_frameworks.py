"""What docs/frameworks.md says of the frameworks is what their services say of themselves."""

import re

from bakery import ROOT, Bakery, questions


def test_the_table_has_what_the_pages_of_the_services_have(bakery: Bakery) -> None:
    page = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
    header, _, *lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")
    ]
    assert header == ["request", *questions()["framework"]]
    for column, framework in enumerate(header[1:], start=1):
        service = bakery.bake({"framework": framework}).text("docs/http.md")
        assert re.findall(r"^\| (`.+?`) \| (\d+) ", service, re.MULTILINE) == [
            (line[0], line[column]) for line in lines
        ]
