#!/usr/bin/env python
"""Django's command line for the sample site."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    # The project is imported as `sample_site`, wherever this file is started from. Its own folder,
    # which Python put first, leaves the path: no module must be importable under two names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_site.config.settings")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
