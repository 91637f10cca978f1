"""Two people publish, or correct, in the same moment: one wins, the other is told who was first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.races.test_cases import at_once
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.indicators import actions, engine
from xinfu.indicators.flow import Status
from xinfu.indicators.models import PublishedLine, PublishedTable, SnapshotPin

FRM, TO = date(2023, 5, 1), date(2023, 5, 31)


@pytest.fixture
def county(settings: Any, tmp_path: Path, now: datetime) -> make.Office:
    settings.HOME = tmp_path
    (tmp_path / "tmp").mkdir(exist_ok=True)
    engine.connections.digest = ""
    office = make.office()
    push(office, 40, 0, now)
    return office


def push(office: make.Office, total: int, start: int, now: datetime) -> None:
    rows = [
        {
            "case_no": f"R{n:05}", "item_name": "企业设立登记", "department": office.unit_a.code, "channel": "2",
            "is_unified": n % 4 > 0, "is_unified_item": True, "received_at": "2023-05-10T09:00:00+08:00",
            "accepted_at": "2023-05-10T10:00:00+08:00", "finished_at": "2023-05-11T10:00:00+08:00",
            "promise_days": 2, "project_type": "2", "state": "finished", "finish_kind": "0",
        }
        for n in range(start, start + total)
    ]  # fmt: skip
    assert cases.push_cases(records=rows, by=make.SYSTEM, at=now).created == total
    actions.precompute(by=make.SYSTEM, at=now)


def prepare(by: Actor, at: datetime) -> PublishedTable:
    return actions.prepare_table(indicator="one_net_rate", frm=FRM, to=TO, grain="department", by=by, at=at)


def publishing(table: PublishedTable, by: Actor, at: datetime) -> Callable[[], Any]:
    return lambda: actions.publish_table(table=table, by=by, at=at)


def two(county: make.Office) -> list[Actor]:
    return [make.actor(Role.GENERAL, county.root, name) for name in ("周科长", "李科员")]


def test_of_two_who_publish_the_same_preview_one_wins_and_the_other_hears_who(
    county: make.Office, now: datetime
) -> None:
    first, second = two(county)
    draft = prepare(first, now)
    check_one_won(at_once(publishing(draft, first, now), publishing(draft, second, now)))
    assert SnapshotPin.objects.count() == 1


def test_of_two_previews_of_the_same_board_one_is_published(county: make.Office, now: datetime) -> None:
    first, second = two(county)
    older = prepare(first, now)
    push(county, 8, 100, now)
    newer = prepare(second, now)
    assert newer.pk != older.pk
    check_one_won(at_once(publishing(older, first, now), publishing(newer, second, now)))


def check_one_won(answers: list[Any]) -> None:
    (winner,) = [answer for answer in answers if isinstance(answer, PublishedTable)]
    (refused,) = [answer for answer in answers if isinstance(answer, Refused)]
    assert refused.code == "already_published"
    assert str(winner.published_by) in refused.reason
    assert PublishedTable.objects.get(status=Status.PUBLISHED).pk == winner.pk


def test_of_two_who_correct_the_same_line_one_wins_and_the_other_hears_who(
    county: make.Office, now: datetime
) -> None:
    first, second = two(county)
    table = actions.publish_table(table=prepare(first, now), by=first, at=now)
    line = table.lines.get(is_latest=True)

    def correcting(by: Actor, numerator: int) -> Callable[[], Any]:
        return lambda: actions.correct_line(
            line=line, numerator=numerator, denominator=40, reason="漏计", by=by, at=now
        )

    answers = at_once(correcting(first, 31), correcting(second, 32))
    (refused,) = [answer for answer in answers if isinstance(answer, Refused)]
    (done,) = [answer for answer in answers if not isinstance(answer, Refused)]
    assert refused.code == "changed_meanwhile"
    assert done.line.corrected_by in refused.reason
    assert PublishedLine.objects.filter(table=table).count() == 2
