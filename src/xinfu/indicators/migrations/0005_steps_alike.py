"""Steps are of the one shape of core.steps.Step."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("indicators", "0004_proposals")]
    operations = [
        migrations.AlterField(
            model_name="proposalstep",
            name="move",
            field=models.CharField(max_length=30, verbose_name="动作"),
        ),
    ]
