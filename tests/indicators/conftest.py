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
from xinfu.indicators import engine
from xinfu.indicators.proposals import similar
from xinfu.indicators.queries import numbers
from xinfu.indicators.queries.records import ANSWERS

CHINA = ZoneInfo("Asia/Shanghai")
_serial = itertools.count(1)


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.HOME = tmp_path
    (tmp_path / "tmp").mkdir(exist_ok=True)
    engine.connections.digest = ""
    numbers.ROWS.clear()
    ANSWERS.clear()
    similar.forget()
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
