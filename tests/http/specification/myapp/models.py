"""The models that the document's examples import from ``myapp``."""

from django.conf import settings
from django.db import models


class Article(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    class Meta:
        app_label = "myapp"
        # The table is made by the test.
        managed = False

    def __str__(self) -> str:
        return self.title
