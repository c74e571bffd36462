"""Puts the service together: components, routes, middleware, start and stop."""

from collections.abc import Iterable, Sequence
from logging import CRITICAL, ERROR, getLogger

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver

from .. import about
from ..core.components import Component, discover
from ..core.config import ServiceSettings, load
from ..core.lifecycle import Lifecycle
from ..health.report import Health
from ..health.window import RequestWindow
from ..site.settings import SiteSettings
from . import errors
from .lifespan import Lifespan
from .middleware import HttpMetricsMiddleware
from .routes import operations
from .wsgi import WsgiMetricsMiddleware

MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    f"{HttpMetricsMiddleware.__module__}.{HttpMetricsMiddleware.__name__}",
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


class Urls:
    """What Django calls a URL configuration, of one application."""

    handler400 = staticmethod(errors.bad_request)
    handler403 = staticmethod(errors.forbidden)
    handler404 = staticmethod(errors.not_found)
    handler500 = staticmethod(errors.internal_server_error)

    def __init__(self, urlpatterns: Iterable[URLPattern | URLResolver]) -> None:
        self.urlpatterns = tuple(urlpatterns)


class Application(WsgiMetricsMiddleware):
    """The WSGI application, measured; a server or a test starts and stops it by its `lifespan`."""

    def __init__(self, urls: Urls, window: RequestWindow, lifespan: Lifespan) -> None:
        super().__init__(_Handler(urls), window)
        self.lifespan = lifespan


def create_app(components: Sequence[Component] | None = None) -> Application:
    """The application, made of these components or of all that `discover` finds.

    Raises:
        ComponentError: a component does not keep to the form.
        SettingsError: a setting is wrong.
    """
    found = discover() if components is None else components
    lifecycle = Lifecycle(found)
    health = Health(lifecycle, found, about().version)
    routes = [component.routes for component in found if component.routes is not None]
    urls = Urls([*operations(health), *routes])
    _configure(urls, load(ServiceSettings), load(SiteSettings))
    return Application(urls, health.window, Lifespan(lifecycle, found))


def _configure(urls: Urls, service: ServiceSettings, site: SiteSettings) -> None:
    """Tell Django what it needs to know to serve; its models are set up already."""
    production = service.environment == "production"
    answers = {
        "ALLOWED_HOSTS": [host.strip() for host in site.allowed_hosts.split(",")],
        "CSRF_COOKIE_SECURE": production,
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


class _Handler(WSGIHandler):
    """Django with URLs of its own: an application does not see those of another one."""

    def __init__(self, urls: Urls) -> None:
        super().__init__()
        self._urls = urls

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        request.urlconf = self._urls  # type: ignore[assignment]  # Django takes any object
        return super().get_response(request)
