"""The one history of the schema: what it does to rows, and what it says where it does not fit."""

import re
import shutil
from pathlib import Path

import pytest
from alembic import command, config
from alembic.script import ScriptDirectory
from sqlalchemy import ForeignKey, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.platform.db import UtcDateTime, engine, migrations
from {{ cookiecutter.package_name }}.platform.db.migrations import CannotMigrate

PACKAGE = migrations.LOCATION.partition(":")[0]
PROJECT = Path(__file__).parents[2]

SHELVES = """
    op.create_table(
        "shelves", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(9))
    )
    op.create_table(
        "books",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("shelf", sa.Integer, sa.ForeignKey("shelves.id", ondelete="CASCADE")),
    )
    op.execute("INSERT INTO shelves VALUES (1, 'prose')")
    op.execute("INSERT INTO books VALUES (7, 1)")
"""
WIDER = """
    with op.batch_alter_table("shelves") as shelves:
        shelves.alter_column("name", existing_type=sa.String(9), type_=sa.String(99), nullable=False)
"""


class History:
    """A history that begins empty, and the command `alembic` in its project."""

    def __init__(self, project: Path) -> None:
        self._folder = project / "src" / PACKAGE / "migrations"
        self.versions = self._folder / "versions"
        self.versions.mkdir(parents=True)
        real = Path(migrations.__file__).parents[2] / "migrations"
        for file in ("env.py", "script.py.mako"):
            shutil.copy(real / file, self._folder)
        self.tools = project / "tools"
        self.tools.mkdir()
        shutil.copy(PROJECT / "tools" / "revisions.py", self.tools)
        self._configuration = project / "pyproject.toml"
        written = (PROJECT / "pyproject.toml").read_text()
        location = f'"{PACKAGE}:migrations"'
        assert location in written
        self._configuration.write_text(written.replace(location, f"'{self.location}'"))

    @property
    def location(self) -> str:
        """Where it is, as Alembic's settings have it."""
        return str(self._folder).replace("%", "%%")

    def add(self, revision: str, after: str | None, upgrade: str = "    pass") -> None:
        """Write a revision."""
        migrations._scripts.cache_clear()
        (self.versions / f"{revision}.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = {revision!r}\ndown_revision = {after!r}\n"
            f"def upgrade():\n{upgrade}\ndef downgrade():\n    pass\n"
        )

    def alembic(self, *words: str) -> None:
        """Run `alembic`."""
        config.main(["-c", str(self._configuration), *words])


@pytest.fixture
def history(tmp_path, monkeypatch):
    """An empty history, which the service takes for its own."""
    made = History(tmp_path / "a project of 100 %")
    monkeypatch.setattr(migrations, "LOCATION", made.location)
    migrations._scripts.cache_clear()
    yield made
    migrations._scripts.cache_clear()


def rows(statement: str) -> list[tuple[object, ...]]:
    """What a query answers."""
    with engine.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def at(*revisions: str) -> None:
    """Let the database be at those revisions, whatever made it."""
    with engine.engine().begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        for revision in revisions:
            connection.execute(text(f"INSERT INTO alembic_version VALUES ('{revision}')"))


@pytest.mark.parametrize("by", ["db upgrade", "alembic"])
def test_a_table_that_is_altered_keeps_the_rows_that_refer_to_it(empty, history, by):
    history.add("0001_shelves", None, SHELVES)
    history.add("0002_wider", "0001_shelves", WIDER)
    if by == "alembic":
        history.alembic("upgrade", "head")
    else:
        assert migrations.upgrade() == ("0001_shelves", "0002_wider")
    assert rows("SELECT * FROM books") == [(7, 1)]
    assert rows("SELECT * FROM shelves") == [(1, "prose")]
    with pytest.raises(DBAPIError):  # requests are checked again
        rows("INSERT INTO books VALUES (8, 2)")


def test_an_upgrade_that_leaves_a_reference_to_nothing_is_refused_as_a_whole(empty, history):
    history.add("0001_shelves", None, SHELVES)
    migrations.upgrade()
    history.add("0002_gone", "0001_shelves", "    op.drop_table('shelves')")
    with pytest.raises((CannotMigrate, DBAPIError)) as raised:
        migrations.upgrade()
    if empty.startswith("sqlite"):
        assert "1 rows of books would refer to rows of shelves that are gone" in str(raised.value)
    assert rows("SELECT name FROM shelves") == [("prose",)]
    assert migrations.pending() == ("0002_gone",)


def test_references_that_were_broken_before_are_no_reason_to_refuse(
    tmp_path, use_database, history
):
    use_database(f"sqlite:///{tmp_path}/embedded.db")  # a server allows none
    history.add("0001_shelves", None, SHELVES)
    migrations.upgrade()
    with migrations.alone() as connection:
        connection.exec_driver_sql("INSERT INTO books VALUES (8, 2)")
    history.add("0002_wider", "0001_shelves", WIDER)
    assert migrations.upgrade() == ("0002_wider",)


def test_of_several_revisions_all_are_made_or_none(empty, history):
    history.add("0001_shelves", None, SHELVES)
    history.add("0002_wrong", "0001_shelves", "    op.execute('SELECT * FROM nowhere')")
    with pytest.raises(DBAPIError, match="nowhere"):
        migrations.upgrade()
    assert migrations.pending() == ("0001_shelves", "0002_wrong")
    with pytest.raises(DBAPIError):
        rows("SELECT * FROM shelves")


def test_a_schema_of_a_newer_version_is_fine(empty, history):
    history.add("0003_mine", None)
    at("0004_of_a_newer_version")
    migrations.check()
    assert migrations.upgrade() == ()


@pytest.mark.parametrize("revision", ["0003_of_another_branch", "5f3e9a"])
def test_a_schema_that_is_elsewhere_is_told_so(empty, history, capsys, revision):
    history.add("0003_mine", None)
    at(revision)
    with pytest.raises(CannotMigrate, match=f"Can't locate revision identified by '{revision}'"):
        migrations.check()
    with pytest.raises(SystemExit) as left:
        main(["db", "upgrade"])
    assert left.value.code == 3
    assert capsys.readouterr().err.startswith("DATABASE_URL: Can't locate revision")


def test_two_revisions_that_follow_the_same_one_are_told_so(empty, history):
    history.add("0001_first", None)
    history.add("0002_yours", "0001_first")
    history.add("0002_mine", "0001_first")
    with pytest.raises(CannotMigrate, match="multiple heads"):
        migrations.upgrade()


def test_a_database_with_a_history_per_component_is_told_how_to_move(empty, history):
    history.add("0001_first", None)
    with engine.engine().begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version_bookmarks (version_num VARCHAR(32))"))
    message = re.escape(
        "(alembic_version_bookmarks): docs/how-to/add-a-migration.md says how to move"
    )
    for action in (migrations.check, migrations.upgrade):
        with pytest.raises(CannotMigrate, match=message):
            action()
    history.alembic("stamp", "0001_first")
    migrations.check()


def test_a_history_without_revisions_is_none(empty, history):
    history.versions.rmdir()  # git keeps no empty folder
    migrations.check()
    assert migrations.upgrade() == ()


def test_readiness_reads_the_files_of_the_history_once(empty, history, monkeypatch):
    history.add("0001_first", None)
    migrations.upgrade()
    migrations.check()
    monkeypatch.setattr(ScriptDirectory, "walk_revisions", None)
    (history.versions / "0001_first.py").unlink()
    migrations.check()


class Base(DeclarativeBase):
    """The models of these tests."""

    metadata = engine.Model.metadata.__class__(naming_convention=engine.NAMES)


class Shelf(Base):
    """A table to make."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)


class Book(Base):
    """One that refers to it, and has a type of the service's own."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf: Mapped[int] = mapped_column(ForeignKey("shelves.id"), unique=True)
    bought = mapped_column(UtcDateTime)


def test_a_revision_is_numbered_imports_its_types_and_is_not_written_in_vain(
    empty, history, monkeypatch
):
    monkeypatch.setattr(engine.Model, "metadata", Base.metadata)
    history.alembic("revision", "--autogenerate", "-m", "Books, and the shelves for all of them")
    written = history.versions / "0001_books_and_the_shelves_for_a.py"
    assert len(written.stem) == 32
    assert "import {{ cookiecutter.package_name }}.platform.db.types\n" in written.read_text()
    history.alembic("upgrade", "head")
    history.alembic("check")
    history.alembic("revision", "--autogenerate", "-m", "nothing")
    history.alembic("revision", "-m", "by hand")
    history.alembic("revision", "-m", "as you like", "--rev-id", "0009_mine")
    history.alembic("revision")
    assert sorted(file.stem for file in history.versions.glob("*.py")) == [
        "0001_books_and_the_shelves_for_a",
        "0002_by_hand",
        "0009_mine",
        "0010",
    ]
    history.alembic("upgrade", "head")
    history.alembic("downgrade", "base")
    assert rows("SELECT * FROM alembic_version") == []


def test_what_a_team_calls_without_the_command_line_works_too(empty, history):
    history.add("0001_first", None)
    settings = config.Config()
    settings.set_main_option("script_location", history.location)
    command.upgrade(settings, "head")
    migrations.check()


def test_a_service_without_tools_upgrades(empty, history):
    shutil.rmtree(history.tools)
    unique = '    op.create_table("t", sa.Column("a", sa.Integer()), sa.UniqueConstraint("a"))'
    history.add("0001_first", None, unique)
    assert migrations.upgrade() == ("0001_first",)
    [named] = inspect(engine.engine()).get_unique_constraints("t")
    assert named["name"] == "uq_t_a"  # as where there are tools
    history.alembic("downgrade", "base")
    assert migrations.pending() == ("0001_first",)


def test_a_wrong_setting_is_a_line_of_alembic(history, mock_env, capfd):
    mock_env(DATABASE_URL="mysql://somebody:s3cret@somewhere/base")
    with pytest.raises(SystemExit):
        history.alembic("current")
    written = capfd.readouterr()
    printed = written.out + written.err
    assert "DATABASE_URL: must be a URL like sqlite://" in printed
    assert "s3cret" not in printed
    assert "Traceback" not in printed
