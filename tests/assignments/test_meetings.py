"""Meetings: every state by every move, who may, replies, presence, decisions that become items once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests import make
from tests.assignments import gatherings, items
from tests.assignments.gatherings import AFTER, BEFORE, DUE, STARTS
from xinfu.assignments import actions, queries
from xinfu.assignments.actions import Came, Facts, Line, Table
from xinfu.assignments.flow import MEETING_FINAL, MEETINGS, MeetingStatus, Status
from xinfu.assignments.models import Decision, Item, Meeting, MeetingKind
from xinfu.core import files
from xinfu.core.access import Role
from xinfu.core.actor import Actor, Kind
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused


def last_event() -> str:
    return str(JournalEntry.objects.order_by("-n").values_list("event", flat=True)[0])


@pytest.mark.parametrize("state", MeetingStatus)
@pytest.mark.parametrize("move", gatherings.MOVES)
def test_a_move_is_open_from_the_states_of_the_table_and_from_no_other(
    office: Any, state: MeetingStatus, move: str
) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=state, by=by)
    at = BEFORE if move in ("notify", "cancel") else AFTER
    if move == "close" and state == MeetingStatus.HELD:
        gatherings.everyone_came(found, by)
    if state in MEETINGS[move].sources:
        done = actions.move_meeting(meeting=found, move=move, note="理由", by=by, at=at)
        assert Meeting.objects.get(pk=found.pk).status == done.status == MEETINGS[move].target
        assert (done.finished_at is not None) == (MEETINGS[move].target in MEETING_FINAL)
        assert last_event() == f"meeting.{actions.MEETING_PAST[move]}"
        assert found.steps.filter(move=move).count() == 1
    else:
        with pytest.raises(Refused, match="当前状态是"):
            actions.move_meeting(meeting=found, move=move, note="理由", by=by, at=at)
        assert Meeting.objects.get(pk=found.pk).status == state


@pytest.mark.parametrize("move", gatherings.MOVES)
def test_only_the_calling_unit_moves_a_meeting(office: Any, move: str) -> None:
    state = min(MEETINGS[move].sources)
    found = gatherings.meeting(office, state=state)
    with pytest.raises(Refused, match="由综合科召集"):
        actions.move_meeting(
            meeting=found, move=move, note="理由", by=make.actor(Role.APPRAISAL, office.appraisal), at=AFTER
        )
    with pytest.raises(Forbidden):
        actions.move_meeting(meeting=found, move=move, note="理由", by=items.doer(office), at=AFTER)


def test_a_notice_needs_an_agenda_and_guests(office: Any) -> None:
    by = gatherings.caller(office)
    empty = gatherings.meeting(office, by=by, lines=[])
    with pytest.raises(Refused, match="还没有议题"):
        actions.move_meeting(meeting=empty, move="notify", by=by, at=BEFORE)
    lonely = gatherings.meeting(office, by=by, guests=[])
    with pytest.raises(Refused, match="还没有参会单位"):
        actions.move_meeting(meeting=lonely, move="notify", by=by, at=BEFORE)


def test_a_meeting_is_held_on_its_day_and_not_before_and_not_notified_after_it(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.NOTIFIED, by=by)
    with pytest.raises(Refused, match="还没有到日期"):
        actions.move_meeting(meeting=found, move="hold", by=by, at=STARTS - timedelta(days=1))
    actions.move_meeting(meeting=found, move="hold", by=by, at=STARTS - timedelta(hours=1))
    late = gatherings.meeting(office, by=by)
    with pytest.raises(Refused, match="已过，请先改时间"):
        actions.move_meeting(meeting=late, move="notify", by=by, at=STARTS + timedelta(days=1))


def test_a_cancelled_meeting_says_why(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.NOTIFIED, by=by)
    with pytest.raises(Refused, match="请写明"):
        actions.move_meeting(meeting=found, move="cancel", note=" ", by=by, at=BEFORE)


def test_it_is_closed_when_presence_is_noted_and_every_decision_is_given(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    with pytest.raises(Refused, match="还有2个参会单位"):
        actions.move_meeting(meeting=found, move="close", by=by, at=AFTER)
    gatherings.everyone_came(found, by)
    decided = gatherings.decision(office, found, by)
    with pytest.raises(Refused, match="还有1项决定没有交办"):
        actions.move_meeting(meeting=found, move="close", by=by, at=AFTER)
    actions.give_decision(decision=decided, by=by, at=AFTER)
    actions.move_meeting(meeting=found, move="close", by=by, at=AFTER)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"title": " "}, "请填写会议名称"),
        ({"title": "字" * 101}, "最多100字"),
        ({"place": ""}, "请填写开会地点"),
        ({"kind": "party"}, "请选择会议类别"),
        ({"text": "字" * 1001}, "最多1000字"),
        ({"starts_at": BEFORE - timedelta(days=1)}, "不能早于今天"),
        ({"lines": [Line(" ")]}, "请填写议题"),
        ({"lines": [Line("甲", minutes=0)]}, "1到480分钟"),
        ({"lines": [Line("甲")] * 61}, "最多60项"),
    ],
)
def test_a_plan_is_refused_with_its_sentence(office: Any, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        gatherings.meeting(office, **values)


def test_an_account_of_no_unit_calls_no_meeting(office: Any) -> None:
    nobody = Actor(kind=Kind.PERSON, id=1, name="甲", scopes=gatherings.caller(office).scopes)
    with pytest.raises(Forbidden, match="没有所在单位"):
        gatherings.meeting(office, by=nobody)
    with pytest.raises(Forbidden):
        gatherings.meeting(office, by=items.doer(office))


# --- before the meeting --------------------------------------------------------------------------


def changed(found: Meeting, by: Actor, **values: Any) -> Meeting:
    said: dict[str, Any] = {
        "title": found.title, "starts_at": found.starts_at, "place": found.place, "chair": found.chair,
        "note_taker": found.note_taker, **values,
    }  # fmt: skip
    return actions.change_meeting(meeting=found, **said, by=by, at=BEFORE)


def test_after_the_notice_another_time_says_why_and_asks_for_replies_anew(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, by=by)
    changed(found, by, place="四楼会议室")
    found = actions.move_meeting(meeting=found, move="notify", by=by, at=BEFORE)
    guest = found.attendees.get(department=office.unit_a)
    actions.reply(attendee=guest, coming=True, who="王某", by=items.doer(office), at=BEFORE)
    later = STARTS + timedelta(days=1)
    with pytest.raises(Refused, match="请写明"):
        changed(found, by, starts_at=later)
    changed(found, by, title="5月例会")
    guest.refresh_from_db()
    assert guest.reply == "coming"
    changed(found, by, starts_at=later, note="主持人另有会议")
    guest.refresh_from_db()
    assert (guest.reply, guest.who, guest.replied_at) == ("", "", None)


def test_a_held_meeting_changes_neither_its_time_nor_its_guests(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    with pytest.raises(Refused, match="当前状态是“已召开”"):
        changed(found, by)
    with pytest.raises(Refused, match="当前状态是“已召开”"):
        actions.invite(meeting=found, departments=[], by=by, at=AFTER)


def test_lines_are_added_changed_and_dropped_until_they_were_spoken_about(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, by=by)
    added = actions.save_line(meeting=found, said=Line("其他事项"), by=by, at=BEFORE)
    assert [line.title for line in queries.lines(found)] == ["受理超时情况", "其他事项"]
    actions.save_line(meeting=found, line=added, place=1, said=Line("先议"), by=by, at=BEFORE)
    first = queries.lines(found)[0]
    actions.drop_line(meeting=found, line=added, by=by, at=BEFORE)
    actions.move_meeting(meeting=found, move="notify", by=by, at=BEFORE)
    actions.move_meeting(meeting=found, move="hold", by=by, at=AFTER)
    actions.note_said(meeting=found, line=first, said="材料齐全后受理", by=by, at=AFTER)
    with pytest.raises(Refused, match="已有讨论情况"):
        actions.drop_line(meeting=found, line=first, by=by, at=AFTER)
    with pytest.raises(Refused, match="最多1000字"):
        actions.note_said(meeting=found, line=first, said="字" * 1001, by=by, at=AFTER)
    with pytest.raises(NotFound):
        queries.get_line(found, added.pk)


def test_the_agenda_ends_at_sixty_lines(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, by=by, lines=[Line(f"第{n}项") for n in range(60)])
    with pytest.raises(Refused, match="最多60项"):
        actions.save_line(meeting=found, said=Line("再一项"), by=by, at=BEFORE)


def test_guests_are_named_anew_and_those_who_stay_keep_their_reply(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.NOTIFIED, by=by)
    guest = found.attendees.get(department=office.unit_a)
    actions.reply(attendee=guest, coming=False, reason="省里开会", by=items.doer(office), at=BEFORE)
    named = make.person(Role.UNIT_LIAISON, office.unit_a, "李某")
    actions.invite(meeting=found, departments=[office.unit_a.pk], people=[named], by=by, at=BEFORE)
    assert [(str(one), one.reply) for one in queries.attendees(found)] == [
        ("县市场监管局", "leave"), ("县市场监管局李某", ""),
    ]  # fmt: skip
    assert queries.guest_units(found) == ([office.unit_a.pk], [named.staff_no])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"coming": True}, "请填写参会人"),
        ({"coming": False}, "请写明请假原因"),
        ({"coming": True, "who": "字" * 81}, "最多80字"),
        ({"coming": False, "reason": "字" * 201}, "最多200字"),
    ],
)
def test_a_reply_is_refused_with_its_sentence(office: Any, said: dict[str, Any], sentence: str) -> None:
    found = gatherings.meeting(office, state=MeetingStatus.NOTIFIED)
    guest = found.attendees.get(department=office.unit_a)
    with pytest.raises(Refused, match=sentence):
        actions.reply(attendee=guest, **said, by=items.doer(office), at=BEFORE)


def test_only_the_asked_unit_replies_and_only_before_the_meeting(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.NOTIFIED, by=by)
    guest = found.attendees.get(department=office.unit_a)
    with pytest.raises(Refused, match="请由县市场监管局答复"):
        actions.reply(attendee=guest, coming=True, who="甲", by=items.doer(office, office.unit_b), at=BEFORE)
    actions.move_meeting(meeting=found, move="hold", by=by, at=AFTER)
    with pytest.raises(Refused, match="不用回执"):
        actions.reply(attendee=guest, coming=True, who="甲", by=items.doer(office), at=AFTER)


def test_papers_are_the_callers_own_files_of_the_allowed_kinds(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, by=by)
    with pytest.raises(Refused, match="请选择文件"):
        actions.attach_papers(meeting=found, files=[], by=by, at=BEFORE)
    kept = files.store([b"%PDF-1.7 x"], name="汇报.pdf", by=by, at=BEFORE)
    (paper,) = actions.attach_papers(meeting=found, files=[kept], by=by, at=BEFORE)
    assert queries.get_meeting_file(by, found.pk, paper.pk)[1].sha256 == kept.sha256
    with pytest.raises(NotFound):
        queries.get_meeting_file(items.doer(office), found.pk, paper.pk)


# --- in the meeting ------------------------------------------------------------------------------


def test_presence_is_noted_with_its_reasons_and_may_be_mended(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    one, other = found.attendees.order_by("pk")
    with pytest.raises(Refused, match="请写明原因"):
        actions.note_presence(meeting=found, came=[Came(one.pk, "leave")], by=by, at=AFTER)
    came = [Came(one.pk, "leave", reason="出差"), Came(other.pk, "late", who="赵某")]
    actions.note_presence(meeting=found, came=came, by=by, at=AFTER)
    assert [(a.presence, a.who, a.reason) for a in queries.attendees(found)] == [
        ("leave", "", "出差"), ("late", "赵某", ""),
    ]  # fmt: skip
    actions.note_presence(meeting=found, came=[Came(one.pk, "absent")], by=by, at=AFTER)
    with pytest.raises(Refused, match="名单已变"):
        actions.note_presence(meeting=found, came=[Came(0, "present")], by=by, at=AFTER)
    with pytest.raises(Refused, match="名单已变"):
        actions.note_presence(meeting=found, came=[Came(one.pk, "asleep")], by=by, at=AFTER)


def test_a_decision_becomes_an_item_once_and_both_lead_to_each_other(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    decided = gatherings.decision(office, found, by, text="逐件说明", partners=[office.unit_b, office.unit_a])
    item = actions.give_decision(decision=decided, by=by, at=AFTER)
    assert (item.source, item.source_name, item.status) == ("meeting", "5月工作例会", Status.ASSIGNED)
    assert (item.title, item.text, item.due_on) == ("压减受理超时", "逐件说明", DUE)
    assert queries.partners(item) == ["县人力社保局"]
    assert last_event() == "meeting.decision_given"
    decided.refresh_from_db()
    assert decided.item == item
    assert queries.decision_of(by, item) == decided
    for again in (
        lambda: actions.give_decision(decision=decided, by=by, at=AFTER),
        lambda: gatherings.decision(office, found, by, decision=decided),
        lambda: actions.drop_decision(decision=decided, by=by, at=AFTER),
    ):
        with pytest.raises(Refused, match=rf"已由{by.name}于2023-05-18 17:00交办给县市场监管局"):
            again()
    assert Item.objects.count() == 1


def test_two_decisions_cannot_be_one_item(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    first, second = (gatherings.decision(office, found, by) for _ in range(2))
    item = actions.give_decision(decision=first, by=by, at=AFTER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=second.pk).update(item=item, given_at=AFTER, given_by_name="甲")


def test_all_decisions_are_given_together_or_none(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    with pytest.raises(Refused, match="没有待交办"):
        actions.give_all(meeting=found, by=by, at=AFTER)
    gatherings.decision(office, found, by)
    short = gatherings.decision(office, found, by, due_on=STARTS.date(), department=office.unit_b)
    with pytest.raises(Refused, match="不能早于今天"):
        actions.give_all(meeting=found, by=by, at=AFTER + timedelta(days=1))
    assert not Item.objects.exists()
    gatherings.decision(office, found, by, decision=short)
    assert len(actions.give_all(meeting=found, by=by, at=AFTER + timedelta(days=1))) == 2


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"title": " "}, "请写明决定什么"),
        ({"title": "字" * 101}, "最多100字"),
        ({"text": "字" * 1001}, "最多1000字"),
        ({"due_on": date(2023, 5, 17)}, "不能早于开会日期"),
    ],
)
def test_a_decision_is_refused_with_its_sentence(office: Any, values: dict[str, Any], sentence: str) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    with pytest.raises(Refused, match=sentence):
        gatherings.decision(office, found, by, **values)


def test_decisions_are_kept_by_a_held_meeting_only_and_may_be_taken_back_before_they_are_given(
    office: Any,
) -> None:
    by = gatherings.caller(office)
    early = gatherings.meeting(office, state=MeetingStatus.NOTIFIED, by=by)
    with pytest.raises(Refused, match="不能“记录决定”"):
        gatherings.decision(office, early, by)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    office.unit_b.closed_on = date(2023, 1, 1)
    office.unit_b.save()
    with pytest.raises(Refused, match="已撤销"):
        gatherings.decision(office, found, by, department=office.unit_b)
    decided = gatherings.decision(office, found, by, line=queries.lines(found)[0])
    actions.drop_decision(decision=decided, by=by, at=AFTER)
    assert not found.decisions.exists()


def test_the_list_of_decisions_ends_at_a_hundred(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xinfu.assignments.actions.decisions.MOST_DECISIONS", 1)
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    gatherings.decision(office, found, by)
    with pytest.raises(Refused, match="最多记1项"):
        gatherings.decision(office, found, by)


# --- who sees, what waits ------------------------------------------------------------------------


def test_units_see_a_meeting_once_they_are_notified_or_got_an_item(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, by=by, guests=[office.unit_a.pk])
    asked, other = items.doer(office), items.doer(office, office.unit_b)
    assert not queries.meetings(asked).exists()
    actions.move_meeting(meeting=found, move="notify", by=by, at=BEFORE)
    assert queries.get_meeting(asked, found.pk) == found
    with pytest.raises(NotFound):
        queries.get_meeting(other, found.pk)
    actions.move_meeting(meeting=found, move="hold", by=by, at=AFTER)
    decided = gatherings.decision(office, found, by, department=office.unit_b)
    assert not queries.meetings(other).exists()
    actions.give_decision(decision=decided, by=by, at=AFTER)
    assert queries.get_meeting(other, found.pk) == found
    assert not queries.meetings(make.actor(Role.OUTLET_CLERK, office.unit_a)).exists()


def verbs(actor: Actor, at: Any = AFTER) -> list[str]:
    return [todo.verb for todo in queries.meeting_todos(actor, at)]


def test_what_waits_is_in_the_inbox_of_who_does_it(office: Any) -> None:
    by, unit = gatherings.caller(office), items.doer(office)
    found = gatherings.meeting(office, by=by)
    assert (verbs(by, BEFORE), verbs(unit, BEFORE)) == (["发出通知"], [])
    actions.move_meeting(meeting=found, move="notify", by=by, at=BEFORE)
    assert (verbs(by, BEFORE), verbs(unit, BEFORE)) == ([], ["回执"])
    guest = found.attendees.get(department=office.unit_a)
    actions.reply(attendee=guest, coming=True, who="王某", by=unit, at=BEFORE)
    assert (verbs(by), verbs(unit)) == (["召开"], [])
    actions.move_meeting(meeting=found, move="hold", by=by, at=AFTER)
    decided = gatherings.decision(office, found, by)
    assert verbs(by) == ["交办决定"]
    actions.give_decision(decision=decided, by=by, at=AFTER)
    assert verbs(by) == ["结会"]
    assert verbs(make.actor(Role.OUTLET_CLERK, office.unit_a)) == []


def test_figures_are_kept_as_they_stood_and_lead_back_to_their_days(office: Any) -> None:
    by = gatherings.caller(office)
    table = Table("失分单位", [{"title": "单位", "width": 80}, {"title": "失分", "width": 76}], [["甲", "3"]])
    facts = Facts(date(2023, 5, 1), date(2023, 5, 31), "数据截至2023-05-31", [table])
    found = gatherings.meeting(office, by=by, kind=MeetingKind.ANALYSIS, facts=facts)
    assert [t.rows for t in queries.tables(found)] == [[["甲", "3"]]]
    days = (date(2023, 5, 1), date(2023, 5, 31))
    assert queries.meetings_of_figures(by, *days) == [found]
    actions.move_meeting(meeting=found, move="cancel", note="改期再议", by=by, at=BEFORE)
    assert queries.meetings_of_figures(by, *days) == []


def test_people_are_found_by_number_or_name_and_doubtful_names_are_refused(office: Any) -> None:
    by = gatherings.caller(office)
    one = make.person(Role.GENERAL, office.general, "钱某")
    make.person(Role.GENERAL, office.general, "孙某")
    make.person(Role.UNIT_LIAISON, office.unit_a, "孙某")
    assert queries.find_person(by, "钱某", "chair") == queries.find_person(by, one.staff_no, "chair") == one
    assert queries.find_persons(by, f"钱某、\n{one.staff_no}", "people") == [one, one]
    with pytest.raises(Refused, match="请填工号"):
        queries.find_person(by, "孙某", "chair")
    for unknown in ("周某", ""):
        with pytest.raises(Refused, match="没有工号或姓名"):
            queries.find_person(by, unknown, "chair")
