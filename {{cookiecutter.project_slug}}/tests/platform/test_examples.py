"""The examples in the documentation of how to test, run as the tests that they are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("docs/testing-metrics.md", "AGENTS.md")
EXAMPLE = re.compile(r"(?<=^```python\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def source_of(page: str) -> str:
    """The examples of a page as one module, each line at its number in the page."""
    text = (ROOT / page).read_text()
    source, end = "", 0
    for found in EXAMPLE.finditer(text):
        source += "\n" * text.count("\n", end, found.start()) + found[0]
        end = found.end()
    return source


for page in PAGES:
    exec(compile(source_of(page), str(ROOT / page), "exec"), globals())


def test_every_example_of_a_test_is_run():
    written = [
        name
        for page in PAGES
        for name in re.findall(r"^def (test_\w+)", source_of(page), re.MULTILINE)
    ]
    assert len(written) == len(set(written)) >= 8
    assert set(written) < {name for name in globals() if name.startswith("test_")}
