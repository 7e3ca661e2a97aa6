from shared_settings import *  # noqa: F403 - Django's way of sharing settings
from shared_settings import DATABASES

# Under ASGI Django has a new thread for each request, and would leave it an open connection;
# its documentation advises against persistent ones.
DATABASES["default"]["CONN_MAX_AGE"] = 0
