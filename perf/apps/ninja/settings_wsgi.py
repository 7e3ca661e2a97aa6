from shared_settings import *  # noqa: F403 - Django's way of sharing settings

ROOT_URLCONF = "urls_wsgi"
