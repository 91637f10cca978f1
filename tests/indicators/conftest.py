"""A home of its own for each test's snapshots, and cases with just the columns that indicators read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from xinfu.cases.models import Case, MonthRevision
from xinfu.core.registry import SnapshotView, snapshot_views
from xinfu.indicators import engine

CHINA = ZoneInfo("Asia/Shanghai")
_serial = itertools.count(1)


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.HOME = tmp_path
    (tmp_path / "tmp").mkdir(exist_ok=True)
    engine.connections.digest = ""
    yield
    engine.connections.digest = ""


def moment(day: date | None, hour: int = 9) -> datetime | None:
    return None if day is None else datetime.combine(day, time(hour), CHINA)


@pytest.fixture
def case(db: None) -> Callable[..., Case]:
    """Return `case(received_on, accepted_on=…, finished_on=…, due_on=…, …)`, as an import would have stored it."""

    def make(received_on: date, **given: Any) -> Case:
        n = next(_serial)
        accepted, finished, due = (given.pop(k, None) for k in ("accepted_on", "finished_on", "due_on"))
        due_kind = given.pop("due_kind", "computed" if due else "")
        state = given.pop("state", "finished" if finished else "handling" if accepted else "received")
        fields: dict[str, Any] = {
            "case_no": f"C{n:08}",
            "content": b"0" * 16,
            "item_name": "测试事项",
            "channel": "1",
            "received_at": moment(received_on),
            "received_on": received_on,
            "accepted_at": moment(accepted),
            "accepted_on": accepted,
            "finished_at": given.pop("finished_at", moment(finished, 15)),
            "finished_on": finished,
            "due_kind": due_kind,
            "due_at": given.pop("due_at", moment(due, 23)),
            "due_on": due,
            "accept_due_on": received_on + timedelta(days=7),
            "state": state,
            "changed_at": datetime(2023, 6, 1, tzinfo=UTC),
            **given,
        }
        row = Case.objects.create(**fields)
        bump(received_on)
        return row

    return make


def bump(day: date) -> None:
    row, _ = MonthRevision.objects.get_or_create(month=f"{day:%Y-%m}")
    MonthRevision.objects.filter(pk=row.pk).update(revision=row.revision + 1)


def view(name: str) -> SnapshotView:
    return snapshot_views[name]


COLUMNS = {
    "id": "BIGINT", "received_on": "DATE", "accepted_on": "DATE", "finished_on": "DATE", "due_on": "DATE",
    "due_at": "TIMESTAMP", "finished_at": "TIMESTAMP", "accept_due_on": "DATE", "due_kind": "VARCHAR",
    "unified": "BOOLEAN", "unified_item": "BOOLEAN", "department_id": "BIGINT", "window_id": "BIGINT",
    "town_id": "BIGINT", "item_id": "BIGINT", "channel": "VARCHAR", "project_type": "VARCHAR", "state": "VARCHAR",
    "finish_kind": "VARCHAR", "normal_finish": "BOOLEAN", "promise_days": "INTEGER", "paused_days": "INTEGER",
    "handling_days": "INTEGER", "clock_ok": "BOOLEAN", "quality": "INTEGER",
}  # fmt: skip
OWN = {
    "id": "c.id",
    "unified": "c.is_unified",
    "unified_item": "c.is_unified_item",
    "item_id": "v.item_id",
    "normal_finish": "c.finish_kind IN ('0', '6', '') AND c.state IN ('finished', 'delivered')",
    "handling_days": "CASE WHEN (c.quality & 7) = 0 THEN c.handling_days END",
    "clock_ok": "(c.quality & 7) = 0",
}
if "cases" not in snapshot_views:  # until the cases register theirs
    chosen = ", ".join(f"{OWN.get(c, f'c.{c}')} AS {c}" for c in COLUMNS)
    snapshot_views.add(
        "cases",
        SnapshotView(
            name="cases",
            title="办件",
            columns=COLUMNS,
            select=f"SELECT {chosen} FROM cases_case c LEFT JOIN catalog_itemversion v ON v.id = c.item_version_id WHERE {{where}}",
            partition="c.received_on",
            revisions=lambda: dict(MonthRevision.objects.values_list("month", "revision")),
        ),
    )
