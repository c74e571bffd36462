"""A change of the models that no revision makes is noticed before it is deployed."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tools.revisions import metadata

from {{ cookiecutter.package_name }}.platform.db import engine

DELETED = ("remove_table", "remove_index")  # a component's tables may outlive it


def test_the_revisions_make_what_the_models_say(database):
    with engine.engine().connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata())
    missing = [change for change in found if change[0] not in DELETED]
    assert missing == [], "run `alembic revision --autogenerate`"
