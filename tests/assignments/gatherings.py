"""Builders of meetings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests import make
from tests.assignments import items
from tests.conftest import CHINA
from xinfu.assignments import actions
from xinfu.assignments.actions import Came, Line
from xinfu.assignments.flow import MEETINGS, MeetingStatus
from xinfu.assignments.models import Decision, Meeting
from xinfu.core.access import Role
from xinfu.core.actor import Actor

BEFORE = datetime(2023, 5, 15, 9, 0, tzinfo=CHINA)
STARTS = datetime(2023, 5, 18, 14, 30, tzinfo=CHINA)
AFTER = datetime(2023, 5, 18, 17, 0, tzinfo=CHINA)
DUE = date(2023, 6, 16)
WAY = {
    MeetingStatus.PLANNED: (),
    MeetingStatus.NOTIFIED: ("notify",),
    MeetingStatus.HELD: ("notify", "hold"),
    MeetingStatus.CLOSED: ("notify", "hold", "close"),
    MeetingStatus.CANCELLED: ("cancel",),
}
MOVES = [move.name for move in MEETINGS.moves]


def caller(office: Any) -> Actor:
    return items.giver(office)


def meeting(
    office: Any, *, state: MeetingStatus = MeetingStatus.PLANNED, by: Actor | None = None, **values: Any
) -> Meeting:
    """Bring a meeting into a state through the actions: two units asked, one line on the agenda."""
    by = by or caller(office)
    said: dict[str, Any] = {
        "title": "5月工作例会", "kind": "work", "starts_at": STARTS, "place": "三楼会议室",
        "chair": make.person(Role.LEADER, office.root), "note_taker": make.person(Role.GENERAL, office.general),
        "lines": [Line("受理超时情况", "5月超时13件", office.unit_a.pk)],
        "guests": [office.unit_a.pk, office.unit_b.pk], **values,
    }  # fmt: skip
    found = actions.plan_meeting(**said, by=by, at=BEFORE)
    for move in WAY[state]:
        if move == "close":
            everyone_came(found, by)
        at = BEFORE if move in ("notify", "cancel") else AFTER
        found = actions.move_meeting(meeting=found, move=move, note="说明", by=by, at=at)
    assert found.status == state
    return found


def everyone_came(found: Meeting, by: Actor) -> None:
    came = [Came(one.pk, "present") for one in found.attendees.order_by("pk")]
    actions.note_presence(meeting=found, came=came, by=by, at=AFTER)


def decision(office: Any, found: Meeting, by: Actor, **values: Any) -> Decision:
    said = {"title": "压减受理超时", "department": office.unit_a, "due_on": DUE, **values}
    return actions.decide(meeting=found, **said, by=by, at=AFTER)
