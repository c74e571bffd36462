"""docs/how-to/add-a-migration.md is followed word for word, in a folder whose name has a space and a percent sign."""

import re
import shlex
import shutil
from collections.abc import Iterator

import pytest
from bakery import Bakery, Project
from interpreters import uv
from test_pgbouncer import postgresql

ORDERS = "src/example_service/orders"


class Reader:
    """Somebody who follows the page in a project, on one database."""

    def __init__(self, project: Project, url: str) -> None:
        self.project = project
        self.url = url
        self.page = project.text("docs/how-to/add-a-migration.md")

    def sh(self, command: str, *, check: bool = True) -> str:
        """Run a line in a shell whose virtual environment is active."""
        line = f". .venv/bin/activate && {command}"
        return self.project.run("sh", "-c", line, check=check, more={"DATABASE_URL": self.url}).stdout

    def blocks(self, heading: str, language: str) -> list[str]:
        """Return the code of that language under a heading, each block without its indentation."""
        section = self.page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", section, re.MULTILINE | re.DOTALL)
        assert found, heading
        return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]

    def follow(self, heading: str) -> str:
        """Run every command under a heading, and return what they print."""
        return "".join(self.sh(line) for block in self.blocks(heading, "sh") for line in block.splitlines())

    def revisions(self) -> list[str]:
        """Return the names of the revisions."""
        return sorted(path.stem for path in self.project.path.glob("src/*/migrations/versions/*.py"))

    def sql(self, statement: str, *, check: bool = True) -> str:
        """Return the rows that a statement answers."""
        code = (
            "from sqlalchemy import text; from example_service.platform.db import session\n"
            "with session() as s:\n"
            f"    answer = s.execute(text({statement!r}))\n"
            "    print(answer.all() if answer.returns_rows else '')"
        )
        return self.sh(f"python -c {shlex.quote(code)}", check=check).strip()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def reader(
    request: pytest.FixtureRequest,
    bakery: Bakery,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Reader]:
    """Return a project of one database."""
    project = bakery.bake_into(tmp_path_factory.mktemp("100 % sure"), {"database": request.param})
    project.run("make", "setup", f"UV={uv()}")
    if request.param == "sqlite":
        yield Reader(project, f"sqlite:///{project.path}/service.db")
        return
    with postgresql(project) as url:
        yield Reader(project, url)


def test_the_page_leads_to_a_table_and_back(reader: Reader) -> None:
    folder = reader.project.path / ORDERS
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Orders of bookmarks."""\n', encoding="utf-8")
    (folder / "models.py").write_text(reader.blocks("Add a table", "python")[0], encoding="utf-8")
    reader.sh("git add --all")
    printed = reader.follow("Add a table")
    assert reader.revisions() == ["0001_create_bookmarks", "0002_add_orders"]
    assert "Running downgrade 0002_add_orders -> 0001_create_bookmarks" in printed
    reader.sql("INSERT INTO bookmarks VALUES (7, 'https://example.com/', 'Example', '2026-11-27 12:00:00')")
    reader.sql("INSERT INTO orders VALUES (1, 7, 'A-1', '2026-11-27 12:00:00')")

    [column] = reader.blocks("Change a column", "python")
    with (folder / "models.py").open("a", encoding="utf-8") as file:
        file.write(column)
    reader.follow("Change a column")
    assert reader.sql("SELECT reference, note FROM orders") == "[('A-1', '')]"
    reader.sh("alembic revision --autogenerate -m 'nothing new'")
    assert reader.revisions() == ["0001_create_bookmarks", "0002_add_orders", "0003_orders_have_a_note"]

    # A column of the table that the orders refer to changes: SQLite copies it.
    models = reader.project.path / "src/example_service/bookmarks/models.py"
    models.write_text(models.read_text("utf-8").replace("String(200)", "String(300)"), "utf-8")
    assert "modify_type" in reader.sh("alembic check", check=False)
    reader.sh("alembic revision --autogenerate -m 'longer titles'")
    reader.sh("alembic upgrade head")
    assert reader.sql("SELECT reference FROM orders") == "[('A-1',)]"
    reader.sh("git add --all")
    reader.sh("make lint")
    reader.sh("make test ARGS='tests/platform/test_migrations.py tests/bookmarks'")

    reader.sh("alembic downgrade 0001")
    assert reader.sh("alembic current").split()[-1] == "0001_create_bookmarks"
    reader.sh("python -m example_service db upgrade")

    reader.follow("Delete a component")
    assert reader.revisions()[-1] == "0005_drop_orders"
    assert re.search('no such table: orders|"orders" does not exist', reader.sql("SELECT * FROM orders", check=False))
    reader.sh("alembic check")


def test_the_example_goes_with_its_folder_and_its_revision(reader: Reader) -> None:
    shutil.rmtree(reader.project.path / "src/example_service/bookmarks")
    shutil.rmtree(reader.project.path / "src/example_service/migrations/versions")  # git keeps no empty folder
    new = Reader(reader.project, f"sqlite:///{reader.project.path}/new.db")
    assert "nothing to upgrade" in new.sh("make db-upgrade")
    new.sh("alembic check")
