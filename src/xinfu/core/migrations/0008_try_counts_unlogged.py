"""Counts of tries are worth nothing after a crash: PostgreSQL keeps them without its log, so that none waits for it."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def unlogged(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE core_trycount SET UNLOGGED")


def logged(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE core_trycount SET LOGGED")


class Migration(migrations.Migration):
    dependencies = [("core", "0007_try_counts")]
    operations = [migrations.RunPython(unlogged, logged)]
