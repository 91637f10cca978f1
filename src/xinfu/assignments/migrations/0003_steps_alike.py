"""Steps are of the one shape of core.steps.Step; what meetings did before this names its people only."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assignments", "0002_meetings")]
    operations = [
        migrations.AddField(
            model_name="meetingstep",
            name="by",
            field=models.CharField(default="", max_length=80, verbose_name="办理人"),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="meetingstep",
            name="by_name",
            field=models.CharField(max_length=80, verbose_name="办理人姓名"),
        ),
        migrations.AlterField(
            model_name="meetingstep",
            name="move",
            field=models.CharField(max_length=30, verbose_name="动作"),
        ),
        migrations.AlterField(
            model_name="itemstep",
            name="move",
            field=models.CharField(max_length=30, verbose_name="动作"),
        ),
    ]
