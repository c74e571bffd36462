"""SQLite for the tests: a database is a file."""

import shutil
from pathlib import Path


class SqliteFiles:
    """SQLite databases in one folder."""

    def __init__(self, scratch: Path) -> None:
        self._folder = scratch

    def url(self, name: str) -> str:
        """The URL of the database of that name, there or not."""
        return f"sqlite:///{self._folder}/{name}.db"

    def create(self, name: str) -> None:
        """Make an empty file, which is a database without tables."""
        (self._folder / f"{name}.db").touch()

    def copy(self, source: str, name: str) -> None:
        """Copy the file."""
        shutil.copyfile(self._folder / f"{source}.db", self._folder / f"{name}.db")

    def clean(self, name: str, source: str) -> bool:
        """A new copy is the better way."""
        return False

    def drop(self, name: str) -> None:
        """Remove the file with its log."""
        for file in self._folder.glob(f"{name}.db*"):
            file.unlink()

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """The folder is removed with everything in it."""
