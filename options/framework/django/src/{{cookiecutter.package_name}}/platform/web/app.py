"""Puts the service together: components, routes, middleware, start and stop."""

from collections.abc import Sequence
from logging import CRITICAL, ERROR, getLogger

from django.conf import settings

from ..core.about import about
from ..core.components import Component, discover
from ..core.config import ServiceSettings, load
from ..core.lifecycle import Lifecycle
from ..health.report import Health
from ..metrics.factory import bound
from ..site.settings import SiteSettings
from . import errors
from .middleware import MeasuredDjango, ServiceMiddleware
from .routes import Urls, operations

MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    f"{ServiceMiddleware.__module__}.{ServiceMiddleware.__name__}",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
TEMPLATES = (
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": (
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            )
        },
    },
)


def create_app(components: Sequence[Component] | None = None) -> MeasuredDjango:
    """The application, made of these components or of all that `discover` finds.

    Raises:
        ComponentError: a component does not keep to the form.
        SettingsError: a setting is wrong.
    """
    found = discover() if components is None else components
    lifecycle = Lifecycle(found, bound)
    health = Health(lifecycle, found, about().version)
    routes = [component.routes for component in found if component.routes is not None]
    urls = Urls([*operations(health), *routes])
    _configure(urls, load(ServiceSettings), load(SiteSettings))
    return MeasuredDjango(urls, health.window, lifecycle)


def _configure(urls: Urls, service: ServiceSettings, site: SiteSettings) -> None:
    """Tell Django what it needs to know to serve; its models are set up already."""
    production = service.environment == "production"
    answers = {
        "ALLOWED_HOSTS": [host.strip() for host in site.allowed_hosts.split(",")],
        "CSRF_COOKIE_SECURE": production,
        "CSRF_FAILURE_VIEW": f"{errors.__name__}.{errors.forbidden.__name__}",
        "DEBUG": site.debug and service.environment == "development",
        "MIDDLEWARE": MIDDLEWARE,
        "ROOT_URLCONF": urls,
        "SECRET_KEY": service.secret_key.get_secret_value(),
        "SESSION_COOKIE_SECURE": production,
        "STATIC_URL": "/static/",
        "TEMPLATES": TEMPLATES,
        "WHITENOISE_USE_FINDERS": True,
    }
    for name, value in answers.items():
        setattr(settings, name, value)
    # What clients do wrong is counted; a line each would let them fill the log.
    getLogger("django.request").setLevel(ERROR)
    getLogger("django.security").setLevel(CRITICAL)
