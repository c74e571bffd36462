"""The schema is what the models say, and a newer one is nothing to worry about."""

from django.core.management import call_command
from django.db import connection

from {{ cookiecutter.package_name }}.platform.core.components import discover
from {{ cookiecutter.package_name }}.platform.db import engine, migrations


def test_the_schema_is_what_the_models_say(database):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_a_schema_that_a_newer_version_migrated_is_not_pending(empty):
    migrations.upgrade()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '9999', %s)",
            ["2030-01-01 00:00:00+00:00"],
        )
    migrations.check()
    assert migrations.upgrade() == ()


def test_neither_checks_nor_the_preparation_of_serve_leave_a_connection(empty):
    prepare = next(found.prepare for found in discover() if found.name == "database")
    prepare()
    assert connection.connection is None
    migrations.upgrade()
    for probe in (engine.ping, migrations.check):
        probe()
        assert connection.connection is None
