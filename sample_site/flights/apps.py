from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


class FlightsConfig(AppConfig):
    name = "sample_site.flights"
    verbose_name = "Airports and reports"

    def ready(self) -> None:
        """Make the directory of photos, without which no file would be sent."""
        Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
