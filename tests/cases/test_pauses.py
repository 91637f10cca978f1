"""Stops of the clock: by hand, by file; due days move by the working days really stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cases.conftest import counts, import_cases, row
from xinfu.cases import actions
from xinfu.cases.models import Case, CasePause, MonthRevision, RejectedRow, State
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused

CHINA = ZoneInfo("Asia/Shanghai")
PAUSE_HEAD = ("办件编号", "挂起类别", "特别程序名称", "开始时间", "结束时间", "原因")
Write = Callable[..., Path]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.fixture
def case(office: Any, write: Write) -> Case:
    import_cases(write([row(1)]))
    return Case.objects.get()


@pytest.fixture
def chief(as_role: Callable[..., Any]) -> Any:
    return as_role(Role.WINDOW_CHIEF).actor


def pause(case: Case, by: Any, at: datetime, **changes: Any) -> CasePause:
    given = {
        "kind": "special",
        "name": "专家评审",
        "reason": "需专家评审",
        "started_at": moment("2023-06-21 14:00"),
    }
    return actions.add_pause(case=case, by=by, at=at, **{**given, **changes})


def test_a_special_procedure_moves_the_due_day_by_what_was_really_stopped(case: Case, chief: Any) -> None:
    at = moment("2023-06-26 16:00")
    stopped = pause(case, chief, at)
    case.refresh_from_db()
    assert (case.state, case.paused_on, case.due_on) == (
        State.SUSPENDED,
        date(2023, 6, 21),
        date(2023, 6, 27),
    )
    actions.end_pause(pause=stopped, ended_at=moment("2023-06-26 08:30"), by=chief, at=at)
    case.refresh_from_db()
    assert (case.state, case.paused_on, case.due_on, case.paused_days) == (
        State.HANDLING,
        None,
        date(2023, 6, 29),
        2,
    )
    assert MonthRevision.objects.get(month="2023-06").revision == 3
    events = list(
        JournalEntry.objects.filter(event__startswith="case.").order_by("n").values_list("event", flat=True)
    )
    assert events == ["case.paused", "case.resumed"]


def test_a_correction_before_acceptance_stops_the_accept_clock(office: Any, write: Write, chief: Any) -> None:
    import_cases(write([row(1, 受理时间="", 办件状态="已收件")]))
    case = Case.objects.get()
    at = moment("2023-06-30 09:00")
    stopped = pause(case, chief, at, kind="correction", started_at=moment("2023-06-20 10:00"))
    case.refresh_from_db()
    assert case.state == State.CORRECTION
    actions.end_pause(pause=stopped, ended_at=moment("2023-06-26 09:00"), by=chief, at=at)
    case.refresh_from_db()
    assert (case.state, case.accept_due_on) == (State.RECEIVED, date(2023, 6, 30))


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"reason": " "}, "no_reason"),
        ({"kind": "coffee"}, "bad_kind"),
        ({"started_at": moment("2023-06-18 09:00")}, "bad_start"),
        ({"started_at": moment("2023-06-27 09:00")}, "bad_start"),
    ],
)
def test_what_a_stop_needs(case: Case, chief: Any, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        pause(case, chief, moment("2023-06-26 16:00"), **changes)
    assert refused.value.code == code
    assert not CasePause.objects.exists()


def test_a_case_is_stopped_once_at_a_time_and_resumed_once(case: Case, chief: Any) -> None:
    at = moment("2023-06-26 16:00")
    stopped = pause(case, chief, at)
    with pytest.raises(Refused, match="already_paused"):
        pause(case, chief, at)
    with pytest.raises(Refused, match="bad_end"):
        actions.end_pause(pause=stopped, ended_at=moment("2023-06-20 09:00"), by=chief, at=at)
    actions.end_pause(pause=stopped, ended_at=at, by=chief, at=at)
    with pytest.raises(Refused, match="already_ended"):
        actions.end_pause(pause=stopped, ended_at=at, by=chief, at=at)


def test_a_finished_case_cannot_be_stopped(office: Any, write: Write, chief: Any) -> None:
    import_cases(write([row(1, 办结时间="2023-06-20", 办件状态="办结")]))
    with pytest.raises(Refused, match="not_open"):
        pause(Case.objects.get(), chief, moment("2023-06-26 16:00"))


def test_only_the_unit_that_handles_a_case_may_stop_it(
    case: Case, as_role: Callable[..., Any], office: Any
) -> None:
    at = moment("2023-06-26 16:00")
    with pytest.raises(NotFound):
        pause(case, as_role(Role.WINDOW_CHIEF, office.unit_b).actor, at)
    with pytest.raises(Forbidden):
        pause(case, as_role(Role.LEADER).actor, at)


def stop_row(number: int = 1, **changes: str) -> dict[str, str]:
    given = {
        "办件编号": row(number)["办件编号"],
        "挂起类别": "特别程序",
        "特别程序名称": "专家评审",
        "开始时间": "2023-06-21 14:00:00",
        "结束时间": "2023-06-26 08:30:00",
        "原因": "需专家评审",
    }
    return {**given, **changes}


def test_stops_by_file_move_due_days_and_the_same_file_again_changes_nothing(
    case: Case, write: Write
) -> None:
    path = write([stop_row()], name="pauses.csv", head=PAUSE_HEAD)
    assert counts(import_cases(path, mapping="zj-pause")) == (1, 1, 0, 0, 0)
    case.refresh_from_db()
    assert (case.due_on, case.paused_days) == (date(2023, 6, 29), 2)
    seen = list(Case.objects.values())
    assert counts(import_cases(path, mapping="zj-pause")) == (1, 0, 0, 1, 0)
    assert list(Case.objects.values()) == seen


def test_an_open_stop_that_is_ended_by_a_later_file_is_updated(case: Case, write: Write) -> None:
    import_cases(write([stop_row(结束时间="")], name="p1.csv", head=PAUSE_HEAD), mapping="zj-pause")
    case.refresh_from_db()
    assert (case.paused_on, case.due_on) == (date(2023, 6, 21), date(2023, 6, 27))
    later = import_cases(write([stop_row()], name="p2.csv", head=PAUSE_HEAD), mapping="zj-pause")
    assert counts(later) == (1, 0, 1, 0, 0)
    case.refresh_from_db()
    assert (case.paused_on, case.due_on) == (None, date(2023, 6, 29))


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"办件编号": "NOBODY"}, "没有这个编号的办件"),
        ({"结束时间": "2023-06-20"}, "结束时间早于开始时间"),
        ({"开始时间": ""}, "不能为空"),
        ({"挂起类别": "喝茶"}, "不在对照表中"),
    ],
)
def test_a_bad_stop_is_listed_and_the_good_ones_are_kept(
    case: Case, write: Write, changes: dict[str, str], sentence: str
) -> None:
    good = stop_row(开始时间="2023-06-20 09:00:00", 结束时间="2023-06-20 10:00:00")
    path = write([good, stop_row(**changes)], name="pauses.csv", head=PAUSE_HEAD)
    assert counts(import_cases(path, mapping="zj-pause")) == (2, 1, 0, 0, 1)
    found = RejectedRow.objects.get()
    assert (found.row, sentence in found.reason) == (3, True)


def test_a_case_that_is_imported_anew_keeps_its_stops_in_its_clock(case: Case, write: Write) -> None:
    import_cases(write([stop_row()], name="pauses.csv", head=PAUSE_HEAD), mapping="zj-pause")
    import_cases(write([row(1, 办结时间="2023-06-29 10:00:00", 办件状态="办结", 数据版本="2")]))
    case.refresh_from_db()
    assert (case.due_on, case.paused_days, case.handling_days) == (date(2023, 6, 29), 2, 5)


def test_a_day_off_of_the_county_moves_open_due_days_at_the_next_recount(
    case: Case, as_role: Callable[..., Any], now: datetime
) -> None:
    from xinfu.core import holidays
    from xinfu.core.actor import system

    holidays.set_day(day=date(2023, 6, 26), is_workday=False, source="县政府通知", by=system("t"), at=now)
    assert actions.recompute_due(by=system("t"), at=now) == 1
    case.refresh_from_db()
    assert case.due_on == date(2023, 6, 28)
    assert actions.recompute_due(by=system("t"), at=now) == 0
    body = json.loads(bytes(JournalEntry.objects.get(event="cases.due_recomputed").body))
    assert body["data"]["moved"] == 1


def test_the_applicant_is_shown_in_full_for_a_reason_and_on_the_journal(
    case: Case, as_role: Callable[..., Any], office: Any, now: datetime
) -> None:
    clerk = as_role(Role.WINDOW_CLERK).actor
    with pytest.raises(Refused, match="no_reason"):
        actions.reveal_applicant(case=case, reason="看", by=clerk, at=now)
    said = actions.reveal_applicant(case=case, reason="申请人来电核对证件", by=clerk, at=now)
    assert said["applicant_name"] == "张三丰"
    entry = JournalEntry.objects.get(event="case.applicant_revealed")
    assert "张三丰" not in bytes(entry.body).decode()
    for role, unit, error in (
        (Role.LEADER, None, Forbidden),
        (Role.WINDOW_CLERK, office.unit_b, NotFound),
    ):
        with pytest.raises(error):
            actions.reveal_applicant(
                case=case, reason="申请人来电核对证件", by=as_role(role, unit).actor, at=now
            )
