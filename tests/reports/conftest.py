"""A small county with cases whose figures can be counted by hand: a weak first quarter, better afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests import make
from xinfu.cases.models import Case, MonthRevision
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.indicators import engine

CHINA = ZoneInfo("Asia/Shanghai")
FROM, TO, AS_OF = date(2023, 1, 1), date(2023, 5, 31), date(2023, 6, 30)
_serial = itertools.count(1)


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.HOME = tmp_path
    (tmp_path / "tmp").mkdir(exist_ok=True)
    engine.connections.digest = ""
    yield
    engine.connections.digest = ""


def moment(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), CHINA)


@pytest.fixture
def case(office: make.Office) -> Callable[..., Case]:
    """Return `case(received_on, department, accept_days=1, unified=True)`, finished five days later."""

    def build(received: date, department: Any, *, accept_days: int = 1, unified: bool = True) -> Case:
        accepted, finished = (
            received + timedelta(days=accept_days),
            received + timedelta(days=accept_days + 4),
        )
        row = Case.objects.create(
            case_no=f"R{next(_serial):08}",
            case_tail="000001",
            content=b"0" * 16,
            item_name="测试事项",
            channel="1",
            department=department,
            received_at=moment(received, 9),
            received_on=received,
            accepted_at=moment(accepted, 10),
            accepted_on=accepted,
            finished_at=moment(finished, 15),
            finished_on=finished,
            due_kind="computed",
            due_at=moment(received + timedelta(days=20), 23),
            due_on=received + timedelta(days=20),
            accept_due_on=received + timedelta(days=7),
            state="finished",
            changed_at=datetime(2023, 6, 1, tzinfo=UTC),
            is_unified=unified,
            is_unified_item=True,
        )
        month, _ = MonthRevision.objects.get_or_create(month=f"{received:%Y-%m}")
        MonthRevision.objects.filter(pk=month.pk).update(revision=month.revision + 1)
        return row

    return build


@pytest.fixture
def county(office: make.Office, case: Callable[..., Case]) -> make.Office:
    """Ten cases: the first quarter 4 (1 accepted late, 2 outside the platform), April and May 6 (none late)."""
    a, b = office.unit_a, office.unit_b
    case(date(2023, 1, 10), a, accept_days=12)
    case(date(2023, 2, 8), a)
    case(date(2023, 2, 15), b, unified=False)
    case(date(2023, 3, 20), b, unified=False)
    for day in (3, 11, 20):
        case(date(2023, 4, day), a)
        case(date(2023, 5, day), b)
    return office


@pytest.fixture
def clerk(office: make.Office) -> Actor:
    return make.actor(Role.GENERAL, office.general, "张综合")
