"""The view `items` for indicators: one row an item version, limits in working days (hall.md §3.2)."""

from __future__ import annotations

import zlib

from django.db.models import Max

from xinfu.catalog import local, rules
from xinfu.catalog.models import ItemBatch
from xinfu.core.models import LocalRule
from xinfu.core.registry import SnapshotView

COLUMNS = {
    "version_id": "BIGINT",
    "item_id": "BIGINT",
    "since": "DATE",
    "until": "DATE",
    "department_id": "BIGINT",
    "task_type": "VARCHAR",
    "applied": "BOOLEAN",
    "project_type": "VARCHAR",
    "statutory_days": "INTEGER",
    "statutory_kind": "VARCHAR",
    "statutory_workdays": "INTEGER",
    "promise_days": "INTEGER",
    "promise_kind": "VARCHAR",
    "promise_workdays": "INTEGER",
    "visits": "INTEGER",
    "visits_exempt": "BOOLEAN",
    "zero_visit": "BOOLEAN",
    "online_depth": "VARCHAR",
    "online_url_given": "BOOLEAN",
    "online_url_bad": "BOOLEAN",
    "online_exempt": "BOOLEAN",
    "mobile_url_given": "BOOLEAN",
    "mobile_exempt": "BOOLEAN",
    "is_unified": "BOOLEAN",
    "is_entry_center": "BOOLEAN",
    "is_self_service": "BOOLEAN",
}


def _rule(code: str, default: str) -> str:
    """Return SQL for the local rule in force today, as text; both engines keep it as JSON."""
    known = f"core_localrule r WHERE r.code = '{code}' AND r.since <= CURRENT_DATE"
    latest = f"SELECT CAST(r.value AS TEXT) FROM {known} ORDER BY r.since DESC LIMIT 1"  # noqa: S608 - no input
    return f"COALESCE(({latest}), '{default}')"


def _workdays(which: str) -> str:
    month = f"CAST({_rule('catalog.month_workdays', '22')} AS INTEGER)"
    year = f"CAST({_rule('catalog.year_workdays', '250')} AS INTEGER)"
    week = f"CAST({_rule('catalog.week_workdays', '5')} AS INTEGER)"
    days = f"v.{which}_days"
    return (
        f"CASE v.{which}_kind WHEN 'workday' THEN {days} WHEN 'month' THEN {days} * {month} "
        f"WHEN 'year' THEN {days} * {year} WHEN 'calendar' THEN ({days} * {week} + 6) / 7 END"
    )


def _select() -> str:
    applied = ", ".join(f"'{code}'" for code in rules.APPLIED_TYPES)
    deep = " OR ".join(f"v.online_depth LIKE '%{depth}%'" for depth in sorted(rules.DEEP_ONLINE))
    counts = f"{_rule('catalog.depth_counts_as_zero_visit', chr(34) + 'no' + chr(34))} LIKE '%yes%'"
    own = {
        "version_id": "v.id",
        "applied": f"v.task_type IN ({applied})",
        "statutory_workdays": _workdays("statutory"),
        "promise_workdays": _workdays("promise"),
        "zero_visit": f"COALESCE(v.visits = 0, v.visits IS NOT NULL) OR (({deep}) AND {counts})",
        "online_url_given": "v.online_url <> ''",
        "online_url_bad": "v.link_fault <> ''",
        "mobile_url_given": "v.mobile_url <> ''",
    }
    chosen = ", ".join(f"{own.get(name, f'v.{name}')} AS {name}" for name in COLUMNS)
    return f"SELECT {chosen} FROM catalog_itemversion v WHERE {{where}} ORDER BY v.id"  # noqa: S608 - no input


def revisions() -> dict[str, int]:
    """Return a number that changes with every batch written and every local rule set."""
    last = ItemBatch.objects.aggregate(last=Max("finished_at"))["last"]
    set_rules = LocalRule.objects.filter(code__in=local.CODES).order_by("code", "since")
    seen = zlib.crc32(repr([(r.code, r.since, r.value) for r in set_rules]).encode())
    return {"": (int(last.timestamp() * 1_000_000) if last else 0) ^ seen}


VIEW = SnapshotView(
    name="items",
    title="事项版本",
    subject="事项",
    columns=COLUMNS,
    select=_select(),
    partition=None,
    revisions=revisions,
)
