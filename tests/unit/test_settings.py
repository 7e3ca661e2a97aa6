"""The setting BOLT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.exceptions import SettingsError
from django_bolt.settings import bolt_settings, django_settings


def test_defaults() -> None:
    with override_settings(BOLT={}):
        settings = bolt_settings()
    assert settings.default_authentication_classes == ()
    assert settings.default_permission_classes == ()
    assert settings.error_format == "drf"
    assert settings.error_codes is False
    assert settings.blocking_threads >= 1


def test_what_is_given() -> None:
    given = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["django_bolt.auth.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": [IsAuthenticated],
        "ERROR_FORMAT": "problem",
        "ERROR_CODES": True,
        "BLOCKING_THREADS": 3,
    }
    with override_settings(BOLT=given):
        settings = bolt_settings()
        assert bolt_settings() is settings
    assert settings.default_authentication_classes == (JWTAuthentication,)
    assert settings.default_permission_classes == (IsAuthenticated,)
    assert (settings.error_format, settings.error_codes) == ("problem", True)
    assert settings.blocking_threads == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "BOLT must be a dict, not list"),
        ({"ERROR_FORMATS": "drf"}, "'ERROR_FORMATS'. Did you mean 'ERROR_FORMAT'?"),
        ({"error_codes": True}, "Did you mean 'ERROR_CODES'?"),
        ({"X": 1}, "It knows DEFAULT_AUTHENTICATION_CLASSES"),
        ({1: 1}, "no key 1"),
        ({"ERROR_FORMAT": "xml"}, "BOLT: Invalid enum value 'xml' - at `ERROR_FORMAT`"),
        ({"ERROR_CODES": "yes"}, "`ERROR_CODES`"),
        ({"BLOCKING_THREADS": 0}, "at least 1"),
        ({"BLOCKING_THREADS": True}, "`BLOCKING_THREADS`"),
        ({"KEEP_ALIVE": 0}, "KEEP_ALIVE'] must be a number of seconds above 0"),
        ({"REQUEST_TIMEOUT": -1}, "REQUEST_TIMEOUT'] must be"),
        ({"SHUTDOWN_TIMEOUT": float("inf")}, "SHUTDOWN_TIMEOUT'] must be"),
        ({"DEFAULT_PERMISSION_CLASSES": "a.b"}, "must be a list"),
        ({"DEFAULT_PERMISSION_CLASSES": IsAuthenticated}, "must be a list"),
        ({"DEFAULT_PERMISSION_CLASSES": ["django_bolt.auth.Nope"]}, "cannot import"),
        ({"DEFAULT_AUTHENTICATION_CLASSES": ["nowhere.at.All"]}, "cannot import 'nowhere.at.All'"),
        ({"FILE_ROOTS": []}, "at least one"),
        ({"FILE_ROOTS": "/srv"}, "a list of directories"),
        ({"FILE_ROOTS": ["media"]}, "'media', which is no absolute path"),
        ({"FILE_ROOTS": [1]}, "holds 1"),
        ({"FILE_ROOT": ["/srv"]}, "Did you mean 'FILE_ROOTS'?"),
        ({"ETAGS": 1}, "ETAGS"),
    ],
)
def test_refusals(given: Any, message: str) -> None:
    with override_settings(BOLT=given), pytest.raises(SettingsError) as caught:
        bolt_settings()
    assert message in str(caught.value)


@pytest.mark.parametrize("key", ["k", b"k"])
def test_djangos_own(key: str | bytes) -> None:
    with override_settings(DEBUG=True, DATA_UPLOAD_MAX_MEMORY_SIZE=None, SECRET_KEY=key):
        settings = django_settings()
    assert (settings.debug, settings.max_body_size, settings.secret_key) == (True, None, b"k")


def test_directories_of_files() -> None:
    with override_settings(BOLT={"FILE_ROOTS": ["/srv", Path("/var/media")]}):
        assert bolt_settings().file_roots == ("/srv", "/var/media")
    with override_settings(BOLT={"FILE_ROOTS": None}):
        assert bolt_settings().file_roots is None
