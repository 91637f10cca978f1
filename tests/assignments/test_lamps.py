"""Which lamp each state has, far from, near to and after the due day; what is withdrawn has none that alarms."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.assignments import items
from tests.assignments.items import AT, DUE
from tests.conftest import CHINA
from xinfu.assignments import actions, queries, tasks
from xinfu.assignments.flow import Status
from xinfu.assignments.models import Item, LampEntry
from xinfu.assignments.rules import Lamp
from xinfu.core import clock
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry

GREEN, YELLOW, RED, GREY = Lamp.GREEN, Lamp.YELLOW, Lamp.RED, Lamp.GREY
DAYS = (-11, -10, 0, 1, 10, 11)
"""Days after the due day: the last quiet one, then the first and last of each alarm."""
LAMPS = {
    Status.ASSIGNED: (GREY, YELLOW, YELLOW, YELLOW, YELLOW, RED),
    Status.RETURNED: (GREY, YELLOW, YELLOW, YELLOW, YELLOW, RED),
    Status.ACCEPTED: (GREY, YELLOW, YELLOW, YELLOW, YELLOW, RED),
    Status.IN_WORK: (GREEN, YELLOW, YELLOW, YELLOW, YELLOW, RED),
    Status.REPORTED: (GREEN, GREEN, GREEN, GREEN, GREEN, GREEN),
    Status.SENT_BACK: (GREEN, GREEN, GREEN, YELLOW, YELLOW, RED),
    Status.CONFIRMED: (GREEN, GREEN, GREEN, GREEN, GREEN, GREEN),
    Status.WITHDRAWN: (GREY, GREY, GREY, GREY, GREY, GREY),
}
"""Reported before it was due; what is sent back keeps 99 %; the others have said no progress."""
QUIET, LATE = date(2023, 5, 19), DUE + timedelta(days=11)
WORDS = {
    Status.ASSIGNED: ("灰灯（未启动）", "红灯"),
    Status.RETURNED: ("灰灯（未启动）", "红灯"),
    Status.ACCEPTED: ("灰灯（未启动）", "红灯"),
    Status.IN_WORK: ("绿灯", "红灯"),
    Status.REPORTED: ("绿灯", "绿灯"),
    Status.SENT_BACK: ("绿灯", "红灯"),
    Status.CONFIRMED: ("绿灯", "绿灯"),
    Status.WITHDRAWN: ("灰灯（已撤销）", "灰灯（已撤销）"),
}
"""What list, page and export say, far from the due day and long after it."""


def shown(item: Item, day: date) -> Lamp:
    return queries.lamp_of(Item.objects.get(pk=item.pk), day, queries.limits(day))


def tick(day: date) -> None:
    """Run what the schedule runs on a day that is also the day of the monthly review."""
    at = datetime(day.year, day.month, day.day, 8, 20, tzinfo=CHINA)
    tasks.watch(at)
    tasks.review(at)


def told(item: Item) -> list[str]:
    """Return what the owner was told so far."""
    return list(item.steps.filter(move="warn").order_by("at", "pk").values_list("verb", flat=True))


# --- the lamp of each state ----------------------------------------------------------------------


@pytest.mark.parametrize("state", Status)
def test_each_state_has_its_lamp_far_from_near_to_and_after_the_due_day(office: Any, state: Status) -> None:
    item = items.item(office, state=state)
    assert tuple(shown(item, DUE + timedelta(days=days)) for days in DAYS) == LAMPS[state]


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("late", [False, True])
def test_list_page_export_and_api_say_the_same_lamp(
    office: Any, as_role: Any, monkeypatch: pytest.MonkeyPatch, state: Status, late: bool
) -> None:
    item = items.item(office, state=state)
    day = LATE if late else QUIET
    client = as_role(Role.GENERAL)
    monkeypatch.setattr(clock, "today", lambda: day)
    word = WORDS[state][late]
    others = {word for pair in WORDS.values() for word in pair} - {word}
    table = b"".join(client.post("/assignments/", {"export": "csv"}).streaming_content).decode("utf-8-sig")
    for said in (
        str(client.get("/assignments/").content.decode()),
        str(client.get(f"/assignments/{item.pk}/").content.decode()),
        table,
    ):
        assert word in said
        assert not [other for other in others if other in said]
    answer = client.get(f"/api/v1/assignments/{item.pk}").json()
    assert answer["lamp"] == LAMPS[state][-1 if late else 0]


def test_what_is_accepted_is_grey_until_it_is_begun(office: Any) -> None:
    item = items.item(office)
    seen = [shown(item, QUIET)]
    for move in ("accept", "begin"):
        actions.move_item(item=item, move=move, by=items.doer(office), at=AT)
        seen.append(shown(item, QUIET))
    assert seen == [GREY, GREY, GREEN]


def test_progress_told_before_it_is_begun_lights_nothing_and_hides_nothing(office: Any) -> None:
    item = items.item(office, state=Status.ACCEPTED)
    actions.set_progress(item=item, progress=90, note="材料已齐", by=items.doer(office), at=AT)
    assert shown(item, DUE - timedelta(days=11)) == GREY
    assert shown(item, DUE - timedelta(days=10)) == YELLOW
    actions.move_item(item=item, move="begin", by=items.doer(office), at=AT)
    assert shown(item, DUE - timedelta(days=10)) == GREEN


def test_what_never_began_turns_red_with_its_second_yellow_review(office: Any) -> None:
    item = items.item(office, state=Status.ACCEPTED)
    for day in (date(2023, 6, 1), date(2023, 7, 1), date(2023, 7, 10)):
        tick(day)
    assert [entry.lamp for entry in queries.lamps(item)] == [GREY, YELLOW, RED]


# --- what is withdrawn ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", [Status.ASSIGNED, Status.RETURNED, Status.ACCEPTED, Status.IN_WORK])
def test_nobody_is_told_of_a_withdrawn_item_and_its_lamps_end(office: Any, state: Status) -> None:
    item = items.item(office, state=state)
    tick(date(2023, 6, 1))
    actions.move_item(item=item, move="withdraw", note="重复交办", by=make.SYSTEM, at=AT)
    steps, lines = item.steps.count(), JournalEntry.objects.count()
    for days in DAYS:
        tick(DUE + timedelta(days=days))
    assert item.steps.count() == steps, "no warning, no reminder"
    assert JournalEntry.objects.count() == lines
    assert LampEntry.objects.filter(item=item).count() == 1, "the lamp of its time stays"


def test_a_red_item_that_is_withdrawn_stops_alarming(office: Any) -> None:
    item = items.item(office, state=Status.IN_WORK)
    for day in (DUE, DUE + timedelta(days=5)):
        tick(day)
    assert shown(item, DUE + timedelta(days=5)) == RED, "two yellows running"
    actions.move_item(item=item, move="withdraw", note="重复交办", by=make.SYSTEM, at=AT)
    assert shown(item, DUE + timedelta(days=6)) == GREY
    assert [entry.lamp for entry in queries.lamps(item)] == [YELLOW, RED], "history is kept"


def test_the_heads_lamp_ends_with_the_withdrawal(office: Any) -> None:
    item = items.item(office, state=Status.IN_WORK)
    leader = make.actor(Role.LEADER, office.root)
    actions.override_lamp(item=item, lamp="red", reason="进展太慢", by=leader, at=AT)
    actions.move_item(item=item, move="withdraw", note="重复交办", by=make.SYSTEM, at=AT)
    assert shown(item, QUIET) == GREY


# --- what changes hands --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "verb"), [(DUE - timedelta(days=5), "临期提醒"), (DUE + timedelta(days=5), "超期提醒")]
)
@pytest.mark.parametrize("agree", [True, False])
def test_a_new_owner_is_told_once_more_and_an_old_one_is_not(
    office: Any, day: date, verb: str, agree: bool
) -> None:
    doer, other = items.doer(office), items.doer(office, office.unit_b)
    item = items.item(office, state=Status.IN_WORK)
    tick(day)
    assert told(item) == [verb]
    actions.ask_transfer(item=item, department=office.unit_b, note="职能已划转", by=doer, at=AT)
    tick(day + timedelta(days=1))
    assert told(item) == [verb], "to ask changes no owner"
    actions.answer_transfer(item=item, agree=agree, note="已核", by=other, at=AT)
    for days in (1, 2):
        tick(day + timedelta(days=days))
    assert told(item) == [verb] * (2 if agree else 1)


def test_a_new_owner_who_was_told_before_the_due_day_is_told_after_it_too(office: Any) -> None:
    item = items.item(office, state=Status.IN_WORK)
    tick(DUE - timedelta(days=5))
    actions.ask_transfer(item=item, department=office.unit_b, note="划转", by=items.doer(office), at=AT)
    actions.answer_transfer(item=item, agree=True, by=items.doer(office, office.unit_b), at=AT)
    tick(DUE - timedelta(days=4))
    tick(DUE + timedelta(days=1))
    assert sorted(told(item)) == ["临期提醒", "临期提醒", "超期提醒"]
