"""The examples of tests in the documentation, run as the tests that they are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("docs/testing-metrics.md", "AGENTS.md")  # each may be deleted
EXAMPLE = re.compile(r"(?<=^```python\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def source_of(text: str) -> str:
    """The examples of a page as one module, each line at its number in the page."""
    source, end = "", 0
    for found in EXAMPLE.finditer(text):
        source += "\n" * text.count("\n", end, found.start()) + found[0]
        end = found.end()
    return source


for page in map(ROOT.joinpath, PAGES):
    if page.exists():
        exec(compile(source_of(page.read_text()), str(page), "exec"), globals())
