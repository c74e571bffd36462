"""Django's settings; what differs between installations comes from variables."""

from .platform.core import ServiceSettings, load
from .platform.db import databases
from .platform.site import SiteSettings, check_settings, component_apps

PACKAGE = __name__.rpartition(".")[0]

check_settings()  # one message for everything that is wrong, before a value is used
service = load(ServiceSettings)
site = load(SiteSettings)

SECRET_KEY = service.secret_key.get_secret_value()
DEBUG = site.debug and service.environment == "development"
ALLOWED_HOSTS = site.hosts

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    *component_apps(),  # each folder beside platform/ with an apps.py
]

MIDDLEWARE = [
    # The first, so that it counts what any other answers; /metrics and the probes end here.
    f"{PACKAGE}.platform.web.middleware.ServiceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    f"{PACKAGE}.platform.web.errors.ErrorsMiddleware",
]

ROOT_URLCONF = f"{PACKAGE}.urls"
WSGI_APPLICATION = f"{PACKAGE}.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = databases()  # from DATABASE_URL
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = service.environment == "production"
CSRF_TRUSTED_ORIGINS = site.origins
CSRF_FAILURE_VIEW = f"{PACKAGE}.platform.web.errors.forbidden"
if service.trusted_proxies:  # from anybody else the first middleware removes the header
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The proxy that ends TLS redirects to it and sends Strict-Transport-Security.
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # from where they are installed: no collectstatic

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"exceptions": {"()": f"{PACKAGE}.platform.web.logs.ExceptionsOnly"}},
    "handlers": {"limited": {"class": f"{PACKAGE}.platform.web.logs.RateLimitedHandler"}},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},  # to the root, as everything else
        # What views answer on purpose is counted; a line for each would let clients fill the log.
        "django.request": {"level": "ERROR", "filters": ["exceptions"]},
        "django.server": {"level": "WARNING"},  # the service has a line of its own per request
        "django.security": {"handlers": ["limited"], "propagate": False},
    },
}
