from shared_settings import *  # noqa: F403 - Django's way of sharing settings
from shared_settings import INSTALLED_APPS

# Its authentication looks for the user model.
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_bolt",
    *INSTALLED_APPS,
]
