"""Rows of ratings written and asked for set-wise: by COPY on PostgreSQL, by one prepared statement on SQLite."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from xinfu.ratings.models import Channel, Rating

Key = tuple[bytes, str, int, bool]


class Row(NamedTuple):
    """A rating as it is written, but for its running number and its sealed person."""

    code: str
    province_no: str
    origin: str
    case_id: int | None
    case_key: bytes
    stage: str
    turn: int
    channel: str
    level: int
    reason_codes: str
    text: str
    is_anonymous: bool
    may_publish: bool
    rated_at: datetime
    rated_on: date
    item_code: str
    item_name: str
    item_id: int | None
    department_id: int | None
    window_id: int | None
    town_id: int | None
    user_kind: str
    withheld_by: str = ""
    withheld_reason: str = ""

    @property
    def key(self) -> Key:
        """Return which case, stage and turn it is of; a default rating stands in nobody's way."""
        return self.case_key, self.stage, self.turn, self.channel == Channel.DEFAULT


COLUMNS = ("id", *Row._fields, "sealed")
MOMENT = COLUMNS.index("rated_at")
ONE = (
    f"INSERT INTO ratings_rating ({', '.join(COLUMNS[1:])}) "  # noqa: S608 -- fixed names
    f"VALUES ({', '.join(['%s'] * (len(COLUMNS) - 1))}) RETURNING id"
)


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


def insert_one(rating: Rating) -> None:
    """Write a rating and note its key; an IntegrityError ends the transaction or savepoint around it, if there is one.

    Written out, because each rating sends it: put together by the ORM it took longer than to be carried out.
    """
    values = [getattr(rating, name) for name in COLUMNS[1:]]
    if connection.vendor != "postgresql":
        values[MOMENT - 1] = connection.ops.adapt_datetimefield_value(values[MOMENT - 1])
    with connection.cursor() as cursor:
        cursor.execute(ONE, values)
        (rating.pk,) = cursor.fetchone()


def insert_ratings(rows: Iterable[tuple[Any, ...]]) -> None:
    """Write ratings, each in the order of COLUMNS."""
    if connection.vendor != "postgresql":
        adapt = connection.ops.adapt_datetimefield_value
        rows = ((*row[:MOMENT], adapt(row[MOMENT]), *row[MOMENT + 1 :]) for row in rows)
    insert("ratings_rating", COLUMNS, rows)


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


def rated(keys: Collection[bytes]) -> dict[Key, int]:
    """Return the level of what is rated already, by key of the case, stage and turn, default ratings apart."""
    found = _asked("SELECT case_key, stage, turn, channel, level FROM ratings_rating WHERE case_key", keys)
    return {
        (bytes(key), stage, turn, via == Channel.DEFAULT): level for key, stage, turn, via, level in found
    }


def numbered(numbers: Collection[str]) -> dict[str, int]:
    """Return the level of the ratings that have one of the numbers, a partner's or this house's own."""
    theirs = "SELECT province_no, level FROM ratings_rating WHERE NOT (province_no = '') AND province_no"
    ours = "SELECT code, level FROM ratings_rating WHERE code"
    return {**dict(_asked(theirs, numbers)), **dict(_asked(ours, numbers))}


def _asked(statement: str, values: Collection[Any]) -> list[Any]:
    """Run a statement that ends with a column, for the rows whose value is among these."""
    if not values:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{statement} = ANY(%s)", [list(values)])
        else:
            cursor.execute(f"{statement} IN ({', '.join(['%s'] * len(values))})", list(values))
        return list(cursor.fetchall())
