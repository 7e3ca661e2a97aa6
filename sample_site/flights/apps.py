from django.apps import AppConfig


class FlightsConfig(AppConfig):
    name = "sample_site.flights"
    verbose_name = "Airports and reports"
