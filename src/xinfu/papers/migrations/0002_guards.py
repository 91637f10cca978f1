"""Versions and steps of papers are never changed, nor is what was signed."""

from __future__ import annotations

from typing import Any

from django.db import migrations

NEVER = ("papers_paperversion", "papers_paperstep")
SIGNED = ("version_id", "title", "kind", "organ", "digest", "signed_at", "signed_by")
NUMBERED = ("prefix", "year", "serial", "number", "file_id")


def _signed_condition(differs: str) -> str:
    signed = " OR ".join(f"NEW.{c} {differs} OLD.{c}" for c in SIGNED)
    numbered = " OR ".join(f"NEW.{c} {differs} OLD.{c}" for c in NUMBERED)
    return f"(OLD.digest <> '' AND ({signed})) OR (OLD.number <> '' AND ({numbered}))"


def guard(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for table in NEVER:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'a version or step of a paper is never changed'); END"
            )
        schema_editor.execute(
            f"CREATE TRIGGER papers_paper_signed BEFORE UPDATE ON papers_paper WHEN {_signed_condition('IS NOT')} "
            "BEGIN SELECT RAISE(ABORT, 'a signed paper is never changed'); END"
        )
        return
    schema_editor.execute(
        "CREATE OR REPLACE FUNCTION papers_fixed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'what was signed, and every version and step of a paper, is never changed'; END $$"
    )
    for table in NEVER:
        schema_editor.execute(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION papers_fixed()"
        )
    schema_editor.execute(
        "CREATE TRIGGER papers_paper_signed BEFORE UPDATE ON papers_paper FOR EACH ROW "
        f"WHEN ({_signed_condition('IS DISTINCT FROM')}) EXECUTE FUNCTION papers_fixed()"
    )


def unguard(apps: Any, schema_editor: Any) -> None:
    sqlite = schema_editor.connection.vendor == "sqlite"
    names = {"papers_paper": "papers_paper_signed", **{t: f"{t}_fixed" for t in NEVER}}
    for table, name in names.items():
        schema_editor.execute(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        schema_editor.execute("DROP FUNCTION papers_fixed()")


class Migration(migrations.Migration):
    dependencies = [("papers", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
