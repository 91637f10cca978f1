"""Pages of very long lists: by offset up to row 10,000, by key beyond, so that a deep page costs what a first one does."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.sql.where import WhereNode

CAP = 10_000
KEY = "list_key"
TIE = "list_tie"
END = "end"


@dataclass(frozen=True, slots=True)
class Order:
    """The list's order: one field, then the primary key in the same direction.

    `tie`: another unique field in its place; with a minus it runs in the opposite direction.
    """

    field: str
    descending: bool
    tie: str = "pk"

    @classmethod
    def of(cls, text: str, tie: str = "pk") -> Order:
        return cls(text.removeprefix("-"), text.startswith("-"), tie)

    @property
    def tie_field(self) -> str:
        return self.tie.removeprefix("-")

    def tie_ascends(self, ascending: bool) -> bool:
        """Tell whether the tie runs upwards where the field does, or does not."""
        return ascending != self.tie.startswith("-")


@dataclass(frozen=True, slots=True)
class Window:
    """One page of rows, and whether there are rows before and after it."""

    rows: list[Any]
    before: bool
    after: bool


def count(rows: QuerySet[Any], *, exact: bool = False) -> tuple[int, bool]:
    """Return the number of rows and whether it is exact: counting stops beyond 10,000 unless asked.

    Rows that know themselves as disjoint `parts` are counted part by part, each by its index, to the end.
    """
    parts = getattr(rows, "parts", ())
    if parts and not (rows.query.is_empty() or rows.query.is_sliced):
        one, *others = (part.order_by().values("pk") for part in parts)
        return one.union(*others, all=True).count(), True
    if exact:
        return rows.count(), True
    found = rows.order_by()[: CAP + 1].count()
    return min(found, CAP), found <= CAP


def cursor_of(row: Any) -> str:
    """Return the text that names a row's place in the order."""
    value = getattr(row, KEY)
    plain = value.isoformat() if isinstance(value, date) else value
    if plain is not None and not isinstance(plain, str | int | float | bool):
        plain = str(plain)
    return (
        base64.urlsafe_b64encode(json.dumps([plain, getattr(row, TIE, row.pk)]).encode()).decode().rstrip("=")
    )


def _parse(cursor: str, rows: QuerySet[Any]) -> tuple[Any, Any] | None:
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        output = rows.query.annotations[KEY].output_field
        if isinstance(value, str) and output.get_internal_type() == "DateTimeField":
            return datetime.fromisoformat(value), pk
        return (None if value is None else output.to_python(value)), pk
    except (ValueError, TypeError, binascii.Error, ValidationError):
        return None


def keyed(rows: QuerySet[Any], order: Order) -> QuerySet[Any]:
    """Return the rows with the order's value on each, so that a cursor can be made of it."""
    tie = {} if order.tie_field == "pk" else {TIE: F(order.tie_field)}
    found: QuerySet[Any] = rows.annotate(**{KEY: F(order.field)}, **tie)
    return found


def _ordered(rows: QuerySet[Any], order: Order, ascending: bool) -> QuerySet[Any]:
    sign, tie_sign = "" if ascending else "-", "" if order.tie_ascends(ascending) else "-"
    if order.field == "pk":
        return rows.order_by(f"{sign}pk")
    return rows.order_by(f"{sign}{order.field}", f"{tie_sign}{order.tie_field}")


def in_order(rows: QuerySet[Any], order: Order) -> QuerySet[Any]:
    return _ordered(rows, order, not order.descending)


def _leads_to_one(field: Any) -> bool:
    """Tell whether a join by a field leaves one row a row; what is no join does."""
    return field is None or bool(field.many_to_one or field.one_to_one)


def _whole(ordered: QuerySet[Any], start: int, stop: int) -> list[Any]:
    """Return a slice of the rows, chosen by their keys alone: what sorts many rows then sorts no joined, wide ones.

    The rows are taken by key without the conditions, as those could lead the database to another index.
    """
    query = ordered.query
    joins = [join for join in query.alias_map.values() if query.alias_refcount.get(join.table_alias or "")]
    single = all(_leads_to_one(getattr(join, "join_field", None)) for join in joins)
    if not single or query.distinct or query.group_by is not None or query.is_sliced:
        return list(ordered[start:stop])
    whole = ordered.all()
    whole.query.where = WhereNode()
    return list(whole.filter(pk__in=ordered.values("pk")[start:stop]))


def by_offset(rows: QuerySet[Any], order: Order, page: int, size: int) -> Window:
    """Return page `page` (from 1); the caller keeps the offset under CAP."""
    start = (page - 1) * size
    found = _whole(in_order(keyed(rows, order), order), start, start + size + 1)
    return Window(found[:size], start > 0, len(found) > size)


def by_key(rows: QuerySet[Any], order: Order, *, after: str = "", before: str = "", size: int) -> Window:
    """Return the page after or before a cursor; `before="end"` is the last page; a torn cursor gives the first."""
    rows = keyed(rows, order)
    backwards = bool(before)
    place = None if before == END else _parse(after or before, rows)
    if place is None and before != END:
        return by_offset(rows, order, 1, size)
    found = _reach(rows, order, order.descending == backwards, place, size + 1)
    more, found = len(found) > size, found[:size]
    if backwards:
        return Window(found[::-1], more, before != END)
    return Window(found, True, more)


def _reach(
    rows: QuerySet[Any], order: Order, ascending: bool, place: tuple[Any, Any] | None, limit: int
) -> list[Any]:
    """Return up to `limit` rows beyond `place` in one direction.

    Empty values stand where the database puts them (SQLite: smallest, PostgreSQL: largest), so that an index on the
    field still serves; the run of empty values is reached by a second query.
    """
    field, base = order.field, _ordered(rows, order, ascending)
    if place is None:
        return _whole(base, 0, limit)
    value, last = place
    side = "gt" if ascending else "lt"
    beyond_tie = {f"{order.tie_field}__{'gt' if order.tie_ascends(ascending) else 'lt'}": last}
    nulls_first = ascending == (connection.vendor == "sqlite")
    if value is None:
        found = _whole(base.filter(**{f"{field}__isnull": True}, **beyond_tie), 0, limit)
        rest = base.filter(**{f"{field}__isnull": False}) if nulls_first else None
    else:
        beyond = Q(**{f"{field}__{side}": value}) | Q(**beyond_tie)
        found = _whole(base.filter(beyond, **{f"{field}__{side}e": value}), 0, limit)
        rest = None if nulls_first else base.filter(**{f"{field}__isnull": True})
    if rest is not None and len(found) < limit:
        found += _whole(rest, 0, limit - len(found))
    return found
