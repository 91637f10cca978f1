"""Rows of cases into the database in bulk: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BinaryField, BooleanField, CharField, DateTimeField, Field

from xinfu.cases.models import Case
from xinfu.core.privacy import seal_text

SEALED = "applicant_sealed"
NOTHING = "\\N"
BATCH_COLUMNS = ("batch_id", "changed_at")
_FIELDS: list[Field[Any, Any]] = [f for f in Case._meta.local_concrete_fields if not f.primary_key]
READY = [f.column for f in _FIELDS if f.column not in (SEALED, *BATCH_COLUMNS)]
COLUMNS = [*READY, *BATCH_COLUMNS, SEALED]
FREE_TEXT = frozenset(
    {"case_no", "case_tail", "item_code", "item_name", "summary", "org_name", "handler_name", "finish_reason",
     "id_tail", "phone_tail"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What the database already holds under a number."""

    pk: int
    data_version: int
    content: bytes
    month: str
    batch_id: int | None


def known(numbers: Sequence[str]) -> dict[str, Known]:
    """Return what the database holds under the numbers, with one query."""
    select = "SELECT case_no, id, data_version, content, received_on, batch_id FROM cases_case WHERE case_no "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(select + "= ANY(%s)", [list(numbers)])
        else:
            import json

            cursor.execute(select + "IN (SELECT value FROM json_each(%s))", [json.dumps(list(numbers))])
        return {
            number: Known(pk, version, bytes(content), str(day)[:7], batch)
            for number, pk, version, content, day, batch in cursor.fetchall()
        }


# --- what DuckDB gives out -----------------------------------------------------------------------


def selection(batch_id: int | None, at: datetime) -> str:
    """Return the columns to select from `ready` for `insert`: for PostgreSQL one line of COPY, else each value."""
    stamp = at.strftime("%Y-%m-%d %H:%M:%S.%f")
    if connection.vendor == "postgresql":
        cells = [_copy_cell(f) for f in _FIELDS if f.column in READY]
        constants = f"chr(9) || '{batch_id or NOTHING}' || chr(9) || '{stamp}+00' || chr(9)"
        return f"concat_ws(chr(9), {', '.join(cells)}) || {constants}, personal"
    cells = [_value(f) for f in _FIELDS if f.column in READY]
    return f"{', '.join(cells)}, {batch_id or 'NULL'}, '{stamp}', personal"


def _copy_cell(field: Field[Any, Any]) -> str:
    """Return SQL for one cell of COPY's text format."""
    column = f'"{field.column}"'
    if field.column in FREE_TEXT:
        cell = f"replace({column}, '\\', '\\\\')"
        for code, letter in ((9, "t"), (10, "n"), (13, "r")):
            cell = f"replace({cell}, chr({code}), '\\{letter}')"
    elif isinstance(field, BooleanField):
        cell = f"CASE WHEN {column} THEN 't' ELSE 'f' END"
    elif isinstance(field, DateTimeField):
        cell = f"{column}::VARCHAR || '+00'"
    elif isinstance(field, BinaryField):
        cell = f"'\\\\x' || lower(hex({column}))"
    else:
        cell = f"{column}::VARCHAR"
    return f"coalesce({cell}, '\\N')" if field.null else cell


def _value(field: Field[Any, Any]) -> str:
    """Return SQL for a value as Django keeps it in SQLite."""
    column = f'"{field.column}"'
    if isinstance(field, (CharField, BinaryField)):
        return column
    if isinstance(field, BooleanField):
        return f"{column}::INTEGER"
    return f"{column}::VARCHAR" if "Date" in field.get_internal_type() else column


# --- into the database ---------------------------------------------------------------------------


def insert(table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows that `selection` gave to a table with the columns of cases_case."""
    if connection.vendor == "postgresql":
        _copy(table, (body + _hex(personal) for body, personal in rows))
        return
    marks = ", ".join(["%s"] * len(COLUMNS))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({_names()}) VALUES ({marks})",
            [(*row[:-1], seal_text(row[-1]) if row[-1] else b"") for row in rows],
        )


def _hex(personal: str | None) -> str:
    return f"\\\\x{seal_text(personal).hex()}\n" if personal else "\\\\x\n"


def _names() -> str:
    return ", ".join(f'"{c}"' for c in COLUMNS)


def _copy(table: str, lines: Iterable[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({_names()}) FROM STDIN") as copy:
        copy.write("".join(lines))


def update(rows: Sequence[tuple[Any, ...]]) -> None:
    """Change the cases that have the rows' numbers to what the rows say."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE TEMP TABLE case_update ON COMMIT DROP AS SELECT {_names()} FROM cases_case WITH NO DATA"
            )
            insert("case_update", rows)
            pairs = ", ".join(f'"{c}" = u."{c}"' for c in COLUMNS)
            cursor.execute(f"UPDATE cases_case c SET {pairs} FROM case_update u WHERE c.case_no = u.case_no")
            cursor.execute("DROP TABLE case_update")
            return
        pairs = ", ".join(f'"{c}" = %s' for c in COLUMNS)
        number = COLUMNS.index("case_no")
        cursor.executemany(
            f"UPDATE cases_case SET {pairs} WHERE case_no = %s",
            [(*row[:-1], seal_text(row[-1]) if row[-1] else b"", row[number]) for row in rows],
        )
