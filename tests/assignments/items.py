"""Builders of assigned items."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests import make
from tests.conftest import CHINA
from xinfu.assignments import actions
from xinfu.assignments.flow import FLOW, Status
from xinfu.assignments.models import Item
from xinfu.core.access import Role
from xinfu.core.actor import Actor

AT = datetime(2023, 5, 18, 9, 0, tzinfo=CHINA)
DUE = date(2023, 6, 30)
WAY = {
    Status.ASSIGNED: (),
    Status.RETURNED: ("return",),
    Status.ACCEPTED: ("accept",),
    Status.IN_WORK: ("accept", "begin"),
    Status.REPORTED: ("accept", "begin", "report"),
    Status.SENT_BACK: ("accept", "begin", "report", "send_back"),
    Status.CONFIRMED: ("accept", "begin", "report", "confirm"),
    Status.WITHDRAWN: ("withdraw",),
}
"""By which moves each state is reached."""
MOVES = [move.name for move in FLOW.moves]


def giver(office: Any) -> Actor:
    return make.actor(Role.GENERAL, office.general)


def doer(office: Any, unit: Any = None) -> Actor:
    return make.actor(Role.UNIT_LIAISON, unit or office.unit_a)


def item(
    office: Any, *, state: Status = Status.ASSIGNED, by: Actor | None = None, at: datetime = AT, **values: Any
) -> Item:
    """Bring an item into a state through the actions."""
    said = {
        "title": "压减受理超时",
        "department": office.unit_a,
        "due_on": DUE,
        "source": "bulletin",
        **values,
    }
    found = actions.give(**said, by=by or giver(office), at=at)
    for move in WAY[state]:
        found = actions.move_item(item=found, move=move, note="说明", by=make.SYSTEM, at=at)
    assert found.status == state
    return found
