"""Counts of tries by the bytes of their digest, with no index but the key's: each try writes one. None is taken over."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

before = import_module("xinfu.core.migrations.0008_try_counts_unlogged")


class Migration(migrations.Migration):
    dependencies = [("core", "0008_try_counts_unlogged")]
    operations = [
        migrations.DeleteModel("TryCount"),
        migrations.CreateModel(
            name="TryCount",
            fields=[
                ("key", models.BinaryField(max_length=16, primary_key=True, serialize=False, verbose_name="摘要")),
                ("tries", models.PositiveIntegerField(verbose_name="次数")),
                ("ends_at", models.DateTimeField(verbose_name="计至")),
            ],
            options={"verbose_name": "尝试次数", "verbose_name_plural": "尝试次数"},
        ),
        migrations.RunPython(before.unlogged, migrations.RunPython.noop),
    ]
