"""Assigned items: every state by every move, who may, splitting, handing on, chasing, lamps, reminders."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.assignments import items
from tests.assignments.items import AT, DUE
from tests.conftest import CHINA
from xinfu.assignments import actions, queries, tasks
from xinfu.assignments.flow import FINAL, FLOW, UNDER_WAY, Status
from xinfu.assignments.models import Item
from xinfu.assignments.rules import Lamp
from xinfu.core import files, local
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused


def last_event() -> str:
    return str(JournalEntry.objects.order_by("-n").values_list("event", flat=True)[0])


def shown(item: Item, day: date) -> Lamp:
    return queries.lamp_of(Item.objects.get(pk=item.pk), day, queries.limits(day))


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("move", items.MOVES)
def test_a_move_is_open_from_the_states_of_the_table_and_from_no_other(
    office: Any, state: Status, move: str
) -> None:
    item = items.item(office, state=state)
    if state in FLOW[move].sources:
        done = actions.move_item(item=item, move=move, note="理由", by=make.SYSTEM, at=AT)
        assert Item.objects.get(pk=item.pk).status == done.status == FLOW[move].target
        assert (done.finished_at is not None) == (FLOW[move].target in FINAL)
        assert last_event() == f"assigned_item.{actions.PAST[move]}"
    else:
        with pytest.raises(Refused, match="当前状态是"):
            actions.move_item(item=item, move=move, note="理由", by=make.SYSTEM, at=AT)
        assert Item.objects.get(pk=item.pk).status == state


@pytest.mark.parametrize("move", ["accept", "return"])
def test_only_the_owners_unit_accepts_or_returns_even_where_an_office_sees_the_whole_county(
    office: Any, move: str
) -> None:
    item = items.item(office)
    for stranger in (items.giver(office), items.doer(office, office.unit_b)):
        with pytest.raises(Refused, match="由县市场监管局承办"):
            actions.move_item(item=item, move=move, note="理由", by=stranger, at=AT)
    actions.move_item(item=item, move=move, note="理由", by=items.doer(office), at=AT)


@pytest.mark.parametrize("move", ["confirm", "send_back"])
def test_only_the_givers_unit_confirms_or_sends_back(office: Any, move: str) -> None:
    item = items.item(office, state=Status.REPORTED)
    with pytest.raises(Refused, match="由综合科交办"):
        actions.move_item(item=item, move=move, note="理由", by=items.doer(office), at=AT)
    actions.move_item(item=item, move=move, note="理由", by=items.giver(office), at=AT)


@pytest.mark.parametrize("move", sorted(actions.NEEDS_NOTE))
def test_moves_that_others_must_understand_say_why(office: Any, move: str) -> None:
    state = min(FLOW[move].sources)
    with pytest.raises(Refused, match="请写明"):
        actions.move_item(item=items.item(office, state=state), move=move, note=" ", by=make.SYSTEM, at=AT)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"title": " "}, "请写明交办什么"),
        ({"title": "字" * 101}, "最多100字"),
        ({"source": "rumour"}, "请选择来源"),
        ({"due_on": AT.date() - timedelta(days=1)}, "不能早于今天"),
    ],
)
def test_what_is_refused_when_giving(office: Any, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        items.item(office, **values)
    assert not Item.objects.exists()


def test_the_person_is_of_the_owners_unit(office: Any) -> None:
    other = make.person(Role.UNIT_LIAISON, office.unit_b)
    with pytest.raises(Refused, match="在岗人员"):
        items.item(office, person=other)
    own = make.person(Role.UNIT_LIAISON, office.unit_a)
    assert items.item(office, person=own).person == own


def test_a_unit_that_only_does_cannot_give_and_one_without_part_sees_nothing(office: Any) -> None:
    with pytest.raises(Forbidden):
        items.item(office, by=items.doer(office))
    item = items.item(office, partners=[office.town_a])
    assert queries.get_item(items.doer(office), item.pk) == item
    assert queries.get_item(make.actor(Role.TOWN_CLERK, office.town_a), item.pk) == item
    with pytest.raises(NotFound):
        queries.get_item(items.doer(office, office.unit_b), item.pk)


def test_two_who_move_at_once_the_second_is_told(office: Any) -> None:
    item = items.item(office)
    seen = Item.objects.select_related("department", "giver", "transfer_to").get(pk=item.pk)
    actions.move_item(item=item, move="accept", by=make.SYSTEM, at=AT)
    with pytest.raises(Refused, match="他人刚刚处理"):
        FLOW.move("return", seen, make.SYSTEM)


def test_evidence_is_ones_own_and_of_a_kind_that_opens(office: Any) -> None:
    doer = items.doer(office)
    item = items.item(office, state=Status.IN_WORK)
    sheet = files.store([b"%PDF-1.7 x"], name="佐证.pdf", by=doer, at=AT)
    script = files.store([b"echo"], name="x.sh", by=doer, at=AT)
    alien = files.store([b"%PDF-1.7 y"], name="别人.pdf", by=make.SYSTEM, at=AT)
    for wrong in (script, alien):
        with pytest.raises(Refused):
            actions.move_item(item=item, move="report", note="办好", files=[wrong], by=doer, at=AT)
    actions.move_item(item=item, move="report", note="办好", files=[sheet], by=doer, at=AT)
    assert [file.name for file in queries.attachments(item)] == ["佐证.pdf"]


# --- splitting, handing on, progress -------------------------------------------------------------


def test_the_whole_is_reported_when_all_parts_are_finished(office: Any) -> None:
    doer = items.doer(office)
    item = items.item(office, state=Status.IN_WORK)
    part = actions.split(item=item, title="培训", department=office.unit_b, due_on=DUE, by=doer, at=AT)
    assert (part.giver, part.parent, part.status) == (office.unit_a, item, Status.ASSIGNED)
    with pytest.raises(Refused, match="还有分解的事项"):
        actions.move_item(item=item, move="report", note="办好", by=doer, at=AT)
    for move in ("accept", "begin", "report"):
        actions.move_item(item=part, move=move, note="办好", by=items.doer(office, office.unit_b), at=AT)
    actions.move_item(item=part, move="confirm", by=doer, at=AT)
    assert actions.move_item(item=item, move="report", note="办好", by=doer, at=AT).status == Status.REPORTED


def test_a_part_is_not_split_again_nor_due_after_the_whole(office: Any) -> None:
    doer = items.doer(office)
    item = items.item(office, state=Status.ACCEPTED)
    with pytest.raises(Refused, match="不能晚于原期限"):
        actions.split(
            item=item, title="一", department=office.unit_a, due_on=DUE + timedelta(1), by=doer, at=AT
        )
    part = actions.split(item=item, title="一", department=office.unit_a, due_on=DUE, by=doer, at=AT)
    actions.move_item(item=part, move="accept", by=doer, at=AT)
    with pytest.raises(Refused, match="不能再分解"):
        actions.split(item=part, title="二", department=office.unit_a, due_on=DUE, by=doer, at=AT)


@pytest.mark.parametrize("agree", [True, False])
def test_an_item_changes_hands_only_with_the_consent_of_the_other_unit(office: Any, agree: bool) -> None:
    doer, other = items.doer(office), items.doer(office, office.unit_b)
    item = items.item(office, state=Status.IN_WORK)
    actions.ask_transfer(item=item, department=office.unit_b, note="职能已划转", by=doer, at=AT)
    assert [t.verb for t in queries.todos(other, AT)] == ["答复"]
    with pytest.raises(Refused, match="正在等县人力社保局答复"):
        actions.move_item(item=item, move="report", note="办好", by=doer, at=AT)
    with pytest.raises(Refused, match="答复前不能再转"):
        actions.ask_transfer(item=item, department=office.town_a, note="再转", by=doer, at=AT)
    with pytest.raises(Refused, match="请由县人力社保局答复"):
        actions.answer_transfer(item=item, agree=True, by=doer, at=AT)
    actions.answer_transfer(item=item, agree=agree, note="已核", by=other, at=AT)
    item.refresh_from_db()
    assert item.department == (office.unit_b if agree else office.unit_a)
    assert item.transfer_to is None
    assert item.due_on == DUE
    with pytest.raises(Refused, match="没有等待答复"):
        actions.answer_transfer(item=item, agree=True, by=other, at=AT)


def test_a_unit_that_declines_says_why(office: Any) -> None:
    item = items.item(office, state=Status.ACCEPTED)
    actions.ask_transfer(item=item, department=office.unit_b, note="职能已划转", by=items.doer(office), at=AT)
    with pytest.raises(Refused, match="请写明"):
        actions.answer_transfer(item=item, agree=False, by=items.doer(office, office.unit_b), at=AT)


@pytest.mark.parametrize("state", Status)
def test_progress_is_said_only_while_it_is_under_way(office: Any, state: Status) -> None:
    item, doer = items.item(office, state=state), items.doer(office)
    if state in UNDER_WAY:
        assert actions.set_progress(item=item, progress=60, note="过半", by=doer, at=AT).progress == 60
        with pytest.raises(Refused, match="0到99"):
            actions.set_progress(item=item, progress=100, note="完", by=doer, at=AT)
    else:
        with pytest.raises(Refused, match="不能“填报进度”"):
            actions.set_progress(item=item, progress=60, note="过半", by=doer, at=AT)


# --- chasing, reminders, lamps -------------------------------------------------------------------


def test_the_giver_chases_once_a_day(office: Any) -> None:
    giver = items.giver(office)
    item = items.item(office)
    actions.remind(item, by=giver, at=AT)
    with pytest.raises(Refused, match="今天已催办过"):
        actions.remind(item, by=giver, at=AT + timedelta(hours=3))
    actions.remind(item, by=giver, at=AT + timedelta(days=1))
    with pytest.raises(Refused, match="由综合科交办"):
        actions.remind(item, by=items.doer(office), at=AT)


@pytest.mark.parametrize("state", [Status.REPORTED, Status.RETURNED, Status.CONFIRMED, Status.WITHDRAWN])
def test_nobody_is_chased_who_has_nothing_to_do(office: Any, state: Status) -> None:
    with pytest.raises(Refused, match="不用催办"):
        actions.remind(items.item(office, state=state), by=items.giver(office), at=AT)


def test_owners_are_told_once_before_and_once_after_the_due_day(office: Any) -> None:
    item = items.item(office)

    def told(day: date) -> int:
        tasks.watch(datetime(day.year, day.month, day.day, 8, 20, tzinfo=CHINA))
        return int(item.steps.filter(move="warn").count())

    assert told(DUE - timedelta(days=11)) == 0
    assert told(DUE - timedelta(days=10)) == 1
    assert told(DUE - timedelta(days=10)) == 1, "a second run of the day tells nobody"
    assert told(DUE) == 1
    assert told(DUE + timedelta(days=1)) == 2
    assert told(DUE + timedelta(days=9)) == 2


def test_the_second_monthly_yellow_is_red_and_the_review_runs_once(office: Any) -> None:
    item = items.item(office, state=Status.IN_WORK, due_on=date(2023, 6, 5))
    first = datetime(2023, 6, 1, 0, 30, tzinfo=CHINA)
    tasks.review(first)
    tasks.review(first)
    assert [entry.lamp for entry in queries.lamps(item)] == ["yellow"]
    assert shown(item, date(2023, 6, 1)) == Lamp.YELLOW, "one yellow is not two"
    actions.move_item(
        item=item, move="report", note="补办", by=make.SYSTEM, at=datetime(2023, 6, 8, 9, tzinfo=CHINA)
    )
    tasks.review(datetime(2023, 7, 1, 0, 30, tzinfo=CHINA))
    assert [entry.lamp for entry in queries.lamps(item)] == ["yellow", "red"]
    assert shown(item, date(2023, 7, 2)) == Lamp.RED


def test_the_heads_lamp_holds_until_the_next_review_and_says_why(office: Any) -> None:
    leader = make.actor(Role.LEADER, office.root)
    item = items.item(office, state=Status.IN_WORK, due_on=date(2023, 6, 5))
    with pytest.raises(Refused, match="请写明"):
        actions.override_lamp(item=item, lamp="green", reason="", by=leader, at=AT)
    with pytest.raises(Forbidden):
        actions.override_lamp(item=item, lamp="green", reason="省里改期", by=items.giver(office), at=AT)
    actions.override_lamp(item=item, lamp="green", reason="省里改期", by=leader, at=AT)
    assert shown(item, date(2023, 5, 31)) == Lamp.GREEN
    tasks.review(datetime(2023, 6, 1, 0, 30, tzinfo=CHINA))
    assert shown(item, date(2023, 6, 1)) == Lamp.YELLOW
    assert [entry.is_override for entry in queries.lamps(item)] == [True, False]


def test_the_report_stops_the_lamp(office: Any) -> None:
    item = items.item(office, state=Status.REPORTED)
    assert shown(item, DUE + timedelta(days=60)) == Lamp.GREEN


def test_the_county_may_set_its_own_number_of_days(office: Any) -> None:
    item = items.item(office, state=Status.IN_WORK)
    local.set_rule(
        code="assignments.red_days", since=date(2023, 1, 1), value=3, source="县督查办法",
        by=make.SYSTEM, at=AT,
    )  # fmt: skip
    assert shown(item, DUE + timedelta(days=3)) == Lamp.YELLOW
    assert shown(item, DUE + timedelta(days=4)) == Lamp.RED


def test_the_inbox_shows_each_unit_what_waits_for_it(office: Any) -> None:
    giver, doer = items.giver(office), items.doer(office)
    items.item(office, title="甲")
    items.item(office, title="乙", state=Status.REPORTED)
    assert [(t.verb, t.title) for t in queries.todos(doer, AT)] == [("签收", "甲")]
    assert [(t.verb, t.title) for t in queries.todos(giver, AT)] == [("确认", "乙")]
    assert queries.todos(items.doer(office, office.unit_b), AT) == []
