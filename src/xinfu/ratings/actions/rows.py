"""Rows of ratings written set-wise: by COPY on PostgreSQL, by one prepared statement on SQLite."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

COLUMNS = (
    "id", "code", "province_no", "origin", "case_id", "case_key", "stage", "turn", "channel", "level",
    "reason_codes", "text", "is_anonymous", "may_publish", "withheld_at", "withheld_by", "withheld_reason",
    "rated_at", "rated_on", "item_code", "item_name", "item_id", "department_id", "window_id", "town_id",
    "user_kind", "sealed", "excluded_at",
)  # fmt: skip


def ids_for(many: int) -> list[int]:
    """Reserve running numbers: on PostgreSQL from the sequence, on SQLite under the one writer's lock."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence('ratings_rating', 'id')) FROM generate_series(1, %s)",
                [many],
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'ratings_rating'")
        row = cursor.fetchone()
    first = (row[0] if row else 0) + 1
    return list(range(first, first + many))


def cell(value: Any) -> Any:
    """Return a value as the engine takes it by rows."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def insert(table: str, columns: tuple[str, ...], rows: Iterable[Any]) -> None:
    """Write rows by COPY, or by one prepared statement."""
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))  # noqa: S608 -- fixed names
