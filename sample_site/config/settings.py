"""Settings of the sample site.

Read from the environment: ``DEBUG`` (default on), ``SECRET_KEY`` (required where ``DEBUG`` is
off), ``ALLOWED_HOSTS`` (comma-separated), ``DATABASE_URL`` (default: SQLite beside
``manage.py``) and ``MEDIA_ROOT`` (default: ``media`` beside it).
"""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def _environment_flag(name: str, *, default: bool) -> bool:
    """Return a switch of the environment, and refuse what is neither on nor off."""
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value == "":
        return default
    raise ImproperlyConfigured(f"{name}={value!r} is neither on (1) nor off (0).")


DEBUG = _environment_flag("DEBUG", default=True)

# Tokens are signed with this key, so the one that everybody can read here is for development only.
_DEVELOPMENT_KEY = "sample-site-development-key-never-use-it-in-production"
SECRET_KEY = os.environ.get("SECRET_KEY", _DEVELOPMENT_KEY if DEBUG else "")

ALLOWED_HOSTS = [
    host.strip()
    for host in os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
    if host.strip()
]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_bolt",
    "django_bolt.auth.revocation_store",
    "sample_site.flights",
    "sample_site.figures",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "sample_site.config.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

_database: dict[str, Any] = dict(
    dj_database_url.config(
        default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
        conn_max_age=600,
        conn_health_checks=True,
    )
)
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # Several processes write to one file: readers do not wait for a writer, and a transaction
    # takes its lock when it begins, so that two of them cannot dead-lock half way.
    _database.setdefault("OPTIONS", {}).update(
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        transaction_mode="IMMEDIATE",
        timeout=10,
    )
DATABASES = {"default": _database}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
# Photos of reports. They are sent by the API, not by the web server of a production site.
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT", BASE_DIR / "media"))
MEDIA_URL = "media/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BOLT = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["sample_site.flights.tokens.AUTHENTICATION"],
    "DEFAULT_PERMISSION_CLASSES": ["django_bolt.auth.IsAuthenticatedOrReadOnly"],
    "FILE_ROOTS": [MEDIA_ROOT],
}
