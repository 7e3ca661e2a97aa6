from shared_settings import *  # noqa: F403 - Django's way of sharing settings
from shared_settings import INSTALLED_APPS

INSTALLED_APPS = ["django_bolt", *INSTALLED_APPS]
# Idle connections have to last until they have been measured.
BOLT = {"KEEP_ALIVE": 600}
