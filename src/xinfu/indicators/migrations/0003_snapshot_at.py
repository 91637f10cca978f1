from __future__ import annotations

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("indicators", "0002_published_tables")]
    operations: ClassVar[list[Operation]] = [
        migrations.RenameField("publishedtable", "as_of", "snapshot_at"),
    ]
