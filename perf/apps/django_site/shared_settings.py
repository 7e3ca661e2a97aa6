"""What the settings of all Django servers have in common: a production site that is only an API.

Each server's ``settings.py`` takes everything from here, and adds its framework.
"""

import os
from pathlib import Path

DATA = Path(os.environ["BENCH_DATA"])

DEBUG = False
SECRET_KEY = (DATA / "hs256.key").read_text()
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = ["airports"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "urls"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "airports.sqlite3",
        # For as long as the thread lives: nobody should measure how a file is opened.
        "CONN_MAX_AGE": None,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # Below ERROR these write a line for each request, or for each that is refused: access logs.
    "loggers": {"django.request": {"level": "ERROR"}, "django.server": {"level": "ERROR"}},
}
