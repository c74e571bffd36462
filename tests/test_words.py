"""No tracked file names a machine's own paths or the host of a package registry."""

import re
from pathlib import Path

import pytest
from bakery import copy_of_template

# Put together here, so that this file does not name them either.
HOSTS = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "docker" + ".io", "gh" + "cr.io"]
PATHS = ["/" + folder + "/" for folder in ("tmp", "root", "work", "home/[a-z]+", "Users/[a-z]+")]
BANNED = re.compile("|".join([*map(re.escape, HOSTS), *(rf"(?<![\w.$}}/-]){path}" for path in PATHS)]))


@pytest.mark.parametrize("text", [f"x https://{HOSTS[0]}/simple", f"in {PATHS[0]}x", f'"{PATHS[1]}.venv"'])
def test_the_pattern_finds_what_it_should(text: str) -> None:
    assert BANNED.search(text)


def test_no_tracked_file_names_a_registry_or_a_machine(tmp_path: Path) -> None:
    files = [path for path in copy_of_template(tmp_path).rglob("*") if path.is_file()]
    assert len(files) > 50
    found = {path.relative_to(tmp_path): BANNED.search(path.read_text(encoding="utf-8")) for path in files}
    assert {path: match for path, match in found.items() if match} == {}
