"""The log of refused credentials: the logger ``django.security.authentication``.

One line for each refusal, at the level WARNING. ``reason`` is a word of a closed list (see
docs/guide/authentication.md); no line contains a token, a key or any part of them.
"""

from __future__ import annotations

import logging

LOGGER_NAME = "django.security.authentication"
_logger = logging.getLogger(LOGGER_NAME)


def log_refusal(
    reason: str,
    method: str | None = None,
    route: str | None = None,
    peer: str | None = None,
    *,
    scheme: str | None = None,
    status_code: int = 401,
) -> None:
    """Write that credentials were refused.

    ``route`` is the template of the path, since a path itself may hold what nobody should read;
    ``peer`` the address of whoever sent the request; ``scheme`` the class in Python that refused.
    Each is an attribute of the record too.
    """
    _logger.warning(
        "Credentials refused (%s): %s %s",
        reason,
        method or "-",
        route or "-",
        extra={
            "reason": reason,
            "method": method,
            "route": route,
            "status_code": status_code,
            "peer": peer,
            "scheme": scheme,
        },
    )
