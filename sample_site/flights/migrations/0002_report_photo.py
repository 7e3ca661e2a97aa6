"""Reports may have a photo."""

from django.db import migrations, models

import sample_site.flights.models


class Migration(migrations.Migration):
    dependencies = [("flights", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="photo",
            field=models.FileField(blank=True, upload_to=sample_site.flights.models.photo_name),
            preserve_default=False,
        ),
    ]
