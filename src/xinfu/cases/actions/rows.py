"""Rows of cases into the database in bulk: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import BinaryField, BooleanField, CharField, DateTimeField, Field

from xinfu.cases.models import Case
from xinfu.core.privacy import seal_texts

SEALED = "applicant_sealed"
CACHE_KIB = 400 * 1024
CHECKPOINT_PAGES = 50_000
Payload: TypeAlias = str | list[tuple[Any, ...]]
"""Finished rows: the text of COPY on PostgreSQL, tuples in the order of COLUMNS on SQLite."""
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


@contextmanager
def roomy() -> Iterator[None]:
    """Give SQLite room for the pages of many indexes while a long load lasts: fewer checkpoints, a larger cache."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    names = ("cache_size", "wal_autocheckpoint")
    with connection.cursor() as cursor:
        before = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
        cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        try:
            yield
        finally:
            for name, value in zip(names, before, strict=True):
                cursor.execute(f"PRAGMA {name} = {value}")


# --- into the database ---------------------------------------------------------------------------


def finished(rows: Sequence[tuple[Any, ...]]) -> Payload:
    """Seal the personal part of rows that `selection` gave, so that they are ready to be written."""
    sealed = seal_texts([row[-1] for row in rows])
    if connection.vendor == "postgresql":
        return "".join([f"{row[0]}\\\\x{value.hex()}\n" for row, value in zip(rows, sealed, strict=True)])
    return [(*row[:-1], value) for row, value in zip(rows, sealed, strict=True)]


def insert(table: str, payload: Payload) -> None:
    """Add finished rows to a table with the columns of cases_case."""
    with connection.cursor() as cursor:
        if isinstance(payload, str):
            with cursor.copy(f"COPY {table} ({_names()}) FROM STDIN") as copy:
                copy.write(payload)
            return
        marks = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(f"INSERT INTO {table} ({_names()}) VALUES ({marks})", payload)


def _names() -> str:
    return ", ".join(f'"{c}"' for c in COLUMNS)


def update(payload: Payload) -> None:
    """Change the cases that have the finished rows' numbers to what these say."""
    if not payload:
        return
    with connection.cursor() as cursor:
        if isinstance(payload, str):
            cursor.execute(
                f"CREATE TEMP TABLE case_update ON COMMIT DROP AS SELECT {_names()} FROM cases_case WITH NO DATA"
            )
            insert("case_update", payload)
            pairs = ", ".join(f'"{c}" = u."{c}"' for c in COLUMNS)
            cursor.execute(f"UPDATE cases_case c SET {pairs} FROM case_update u WHERE c.case_no = u.case_no")
            cursor.execute("DROP TABLE case_update")
            return
        pairs = ", ".join(f'"{c}" = %s' for c in COLUMNS)
        number = COLUMNS.index("case_no")
        cursor.executemany(
            f"UPDATE cases_case SET {pairs} WHERE case_no = %s", [(*row, row[number]) for row in payload]
        )
