"""The package's top level."""

from __future__ import annotations

import subprocess
import sys

import pytest

import django_bolt


@pytest.mark.parametrize("name", django_bolt.__all__)
def test_exports(name: str) -> None:
    assert getattr(django_bolt, name).__name__ == name
    assert name in dir(django_bolt)


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'File'"):
        _ = django_bolt.File  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="ModelSerializer"):
        from django_bolt import ModelSerializer  # type: ignore[attr-defined] # noqa: F401


@pytest.mark.parametrize(
    "statement",
    [
        "import django_bolt",
        "import django_bolt.apps",
        "from django_bolt import BoltViewSet, action",
    ],
)
def test_importable_before_the_settings(statement: str) -> None:
    code = f"{statement}; from django.conf import settings; assert not settings.configured"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env={})  # noqa: S603 - our own code
