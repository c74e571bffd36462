"""Tells Django where its models are; no settings module, no list of applications by hand."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import django
from django.conf import settings
from django.utils.functional import SimpleLazyObject

from .settings import django_databases

# Django's own applications that its admin site needs.
ADMIN_APPS = (
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
)


def set_up() -> None:
    """Configure Django and load every model, once a process; the database is not touched.

    What belongs to the web (hosts, middleware, the secret key) is added by `create_app`.
    """
    if settings.configured:
        return
    settings.configure(
        INSTALLED_APPS=[*ADMIN_APPS, *component_apps()],
        # Read when the first connection is made, so that importing a model needs no settings.
        DATABASES=SimpleLazyObject(django_databases),
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        TIME_ZONE="UTC",
        LOGGING_CONFIG=None,  # the service has one logging set-up, in core/logging.py
    )
    django.setup()


def component_apps() -> list[str]:
    """The subpackages that Django must know: those with models or management commands.

    `discover` cannot be asked here: a component's routes import its models.
    """
    platform = __package__.rpartition(".")[0]
    packages = [
        f"{root}.{module.name}"
        for root in (platform, platform.rpartition(".")[0])
        for module in iter_modules(import_module(root).__path__)
        if module.ispkg
    ]
    parts = ("models", "management")
    return [name for name in packages if any(find_spec(f"{name}.{part}") for part in parts)]
