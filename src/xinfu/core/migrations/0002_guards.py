"""The journal cannot be changed or deleted from, and the cache has its table."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.db import migrations

TABLES = ("core_journalentry", "core_journalnode", "core_checkpoint")


def guard(apps: Any, schema_editor: Any) -> None:
    for table in TABLES:
        for verb in ("UPDATE", "DELETE"):
            name = f"{table}_no_{verb.lower()}"
            if schema_editor.connection.vendor == "sqlite":
                schema_editor.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
                )
            else:
                schema_editor.execute(
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$"
                )
                schema_editor.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                    f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
                )


def unguard(apps: Any, schema_editor: Any) -> None:
    for table in TABLES:
        for verb in ("update", "delete"):
            name = f"{table}_no_{verb}"
            if schema_editor.connection.vendor == "sqlite":
                schema_editor.execute(f"DROP TRIGGER {name}")
            else:
                schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
                schema_editor.execute(f"DROP FUNCTION {name}()")


def cache_table(apps: Any, schema_editor: Any) -> None:
    call_command("createcachetable", "core_cache", database=schema_editor.connection.alias, verbosity=0)


def no_cache_table(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("DROP TABLE core_cache")


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [
        migrations.RunPython(guard, unguard),
        migrations.RunPython(cache_table, no_cache_table),
    ]
