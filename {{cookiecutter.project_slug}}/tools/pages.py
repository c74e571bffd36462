"""Documentation pages that are made from the code: written on demand, checked for staleness."""

from collections.abc import Iterator, Mapping
from pathlib import Path

MARK = "<!-- Made from the code by `make metrics-docs`: change the code, then run it. -->"


def write(folder: Path, pages: Mapping[str, str]) -> list[str]:
    """Make the folder hold these pages, and say what was done.

    Args:
        folder: where they belong; pages that other hands wrote, without the mark, stay.
        pages: the text of each page by its name, without the mark.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = []
    for path, text in _wanted(folder, pages):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            done.append(f"wrote {path}")
    for path in _orphans(folder, pages):
        path.unlink()
        done.append(f"removed {path}")
    return done or [f"{folder} is up to date"]


def stale(folder: Path, pages: Mapping[str, str], renew: str) -> list[str]:
    """What `write` would change, one line each; `renew` is the command that does it."""
    found = []
    for path, text in _wanted(folder, pages):
        if not path.exists():
            found.append(f"{path} is missing: run `{renew}`")
        elif path.read_text(encoding="utf-8") != text:
            found.append(f"{path} is stale: run `{renew}`")
    cure = f"delete it, or run `{renew}`"
    return found + [f"{path} belongs to no component: {cure}" for path in _orphans(folder, pages)]


def _wanted(folder: Path, pages: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for name, text in pages.items():
        yield folder / f"{name}.md", f"{MARK}\n\n{text}"


def _orphans(folder: Path, pages: Mapping[str, str]) -> list[Path]:
    return [
        path
        for path in sorted(folder.glob("*.md"))
        if path.stem not in pages and path.read_text(encoding="utf-8").startswith(MARK)
    ]
