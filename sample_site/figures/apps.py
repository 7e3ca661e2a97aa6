from django.apps import AppConfig


class FiguresConfig(AppConfig):
    name = "sample_site.figures"
    verbose_name = "Figures"
