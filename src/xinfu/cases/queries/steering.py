"""Which index a list is read by, decided here where the planner of SQLite, which keeps few figures, would guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F, Func, Q
from django.db.models.lookups import Exact, GreaterThanOrEqual, In, LessThanOrEqual
from django.db.models.sql.compiler import SQLCompiler


class Unindexed(Func):
    """A column as it is, by which SQLite may filter but not choose an index (PostgreSQL knows what it has)."""

    arity = 1
    template = "%(expressions)s"

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **extra)


LOOKUPS = {"": Exact, "in": In, "gte": GreaterThanOrEqual, "lte": LessThanOrEqual}


def condition(name: str, value: Any, *, is_steered: bool = False) -> Q:
    """Return `name=value`, a lookup as Django writes it; where another index leads, not by an index of its own."""
    if not is_steered:
        return Q((name, value))
    column, _, lookup = name.partition("__")
    return Q(LOOKUPS[lookup](Unindexed(F(column)), value))


BY_DUE = frozenset({"today", "soon", "late", "accept_late", "paused"})
"""The lights whose cases are read by due day."""


def order_for(asked: Mapping[str, str]) -> str:
    """Return the order that has an index for these filters: due, finished, batch, or "" for received."""
    light = asked.get("light", "")
    if light in BY_DUE:
        return "due"
    if asked.get("batch"):
        return "batch"
    if (asked.get("finished_from") or asked.get("finished_to")) and not light and not asked.get("mark"):
        return "finished"
    return ""
