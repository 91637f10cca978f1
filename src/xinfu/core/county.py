"""The few rows that a county has set for itself, its local rules and its own days: every page needs them, one read."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import connection, transaction

from xinfu.core import once

# Written out: put together by the ORM it took longer than its answer.
READ = """
SELECT 'rule', code, since, CAST(value AS text), source, id FROM core_localrule
UNION ALL SELECT 'day', '', day, CASE WHEN is_workday THEN 'true' ELSE 'false' END, '', 0 FROM core_countyday
ORDER BY 3, 6
"""


class Rule(NamedTuple):
    """A local number from a day on."""

    code: str
    since: date
    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Own:
    """All that the county has set, each by day: its rules, and (day, whether it is worked)."""

    rules: tuple[Rule, ...]
    days: tuple[tuple[date, bool], ...]


SECONDS = 2.0
_recent: list[tuple[float, Own]] = []


def own() -> Own:
    """Return what the county has set; a reading request asks for it once."""
    return once.read("county", _read)


def keep_recent() -> None:
    """Let this request go by what the process read last, at most two seconds ago.

    For the pages that strangers load in a rush: a rule is in force from a day on, so two seconds move nothing.
    """
    now = time.monotonic()
    kept = next((own for at, own in _recent if now - at <= SECONDS), None)
    if kept is None:
        kept = _read()
        _recent[:] = [(now, kept)]
    found = kept
    once.read("county", lambda: found)


def forget() -> None:
    """Forget what this process read last: now, and once what the caller wrote can be read by all."""
    _recent.clear()
    transaction.on_commit(_recent.clear)


def _read() -> Own:
    with connection.cursor() as cursor:
        cursor.execute(READ)
        rows = [
            (kind, code, _day(day), json.loads(value), source) for kind, code, day, value, source, _ in cursor
        ]
    return Own(
        rules=tuple(Rule(*row[1:]) for row in rows if row[0] == "rule"),
        days=tuple((row[2], row[3]) for row in rows if row[0] == "day"),
    )


def _day(kept: date | str) -> date:
    return date.fromisoformat(kept) if isinstance(kept, str) else kept  # SQLite keeps text
