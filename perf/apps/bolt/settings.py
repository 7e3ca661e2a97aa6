from shared_settings import *  # noqa: F403 - Django's way of sharing settings
from shared_settings import INSTALLED_APPS

INSTALLED_APPS = ["django_bolt", *INSTALLED_APPS]
