"""Writes ``plan.json`` anew: ``python -m tests.golden.regenerate``, from the root of the project.

Look at the difference before you commit it: it is what the two languages agree on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

GOLDEN = Path(__file__).with_name("plan.json")
#: What the plan says of the settings, whatever the project's are.
SETTINGS: dict[str, Any] = {
    "BOLT": {"ERROR_FORMAT": "problem", "ERROR_CODES": True},
    "DEBUG": False,
    "DATA_UPLOAD_MAX_MEMORY_SIZE": 2_621_440,
    "DATA_UPLOAD_MAX_NUMBER_FIELDS": 1000,
    "DATA_UPLOAD_MAX_NUMBER_FILES": 100,
    "FILE_UPLOAD_MAX_MEMORY_SIZE": 2_621_440,
    "FILE_UPLOAD_TEMP_DIR": "/var/uploads",
}


def compiled() -> Any:
    """Return the application of the golden router."""
    from django.test import override_settings

    from django_bolt.compile import application
    from tests.golden.router import router

    with override_settings(**SETTINGS):
        return application.build(router.routes())


def document() -> bytes:
    """Return the plan of the golden router as indented JSON."""
    from django_bolt.compile import plan

    return msgspec.json.format(plan.encode(compiled().plan), indent=2) + b"\n"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_site.config.settings")
    django.setup()
    GOLDEN.write_bytes(document())
