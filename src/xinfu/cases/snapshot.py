"""The view `cases` that indicators count: one row a case, without personal data, cut by month of receipt."""

from __future__ import annotations

from xinfu.cases.models import MonthRevision
from xinfu.core.registry import SnapshotView

CONTRADICTIONS = 7
COLUMNS = {
    "id": "BIGINT",
    "received_on": "DATE",
    "accepted_on": "DATE",
    "finished_on": "DATE",
    "due_on": "DATE",
    "due_at": "TIMESTAMP",
    "finished_at": "TIMESTAMP",
    "accept_due_on": "DATE",
    "due_kind": "VARCHAR",
    "unified": "BOOLEAN",
    "unified_item": "BOOLEAN",
    "department_id": "BIGINT",
    "window_id": "BIGINT",
    "town_id": "BIGINT",
    "item_id": "BIGINT",
    "channel": "VARCHAR",
    "project_type": "VARCHAR",
    "state": "VARCHAR",
    "finish_kind": "VARCHAR",
    "normal_finish": "BOOLEAN",
    "promise_days": "INTEGER",
    "paused_days": "INTEGER",
    "paused_on": "DATE",
    "handling_days": "INTEGER",
    "clock_ok": "BOOLEAN",
    "quality": "INTEGER",
}
_OWN = {
    "unified": "c.is_unified",
    "unified_item": "c.is_unified_item",
    "item_id": "v.item_id",
    "normal_finish": "(c.finish_kind IN ('', '0', '6') AND c.state IN ('finished', 'delivered'))",
    "clock_ok": f"((c.quality & {CONTRADICTIONS}) = 0)",
}
_CHOSEN = ", ".join(f"{_OWN.get(name, 'c.' + name)} AS {name}" for name in COLUMNS)
SELECT = (
    f"SELECT {_CHOSEN} FROM cases_case c LEFT JOIN catalog_itemversion v ON v.id = c.item_version_id "  # noqa: S608 -- no input
    "WHERE {where} ORDER BY 1"
)


def revisions() -> dict[str, int]:
    """Return month of receipt → how often its cases changed."""
    return dict(MonthRevision.objects.order_by("month").values_list("month", "revision"))


VIEW = SnapshotView(
    name="cases", title="办件", columns=COLUMNS, select=SELECT, partition="c.received_on", revisions=revisions
)
