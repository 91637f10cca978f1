"""The demonstration's assigned items and meetings: every state, every lamp, one meeting held, one notified."""

from __future__ import annotations

from typing import Any

from tests import make
from xinfu.assignments import queries
from xinfu.assignments.flow import MeetingStatus, Status
from xinfu.assignments.models import Decision, Item, Meeting
from xinfu.assignments.rules import Lamp
from xinfu.demo import assignments, build
from xinfu.demo.generate import LAST


def test_items_stand_in_every_state_and_under_every_lamp_and_meetings_lead_to_their_items(db: Any) -> None:
    build._people(assignments.at(100))
    made = assignments.load()
    items = list(Item.objects.order_by("pk"))
    assert made == len(items) > 20
    assert {item.status for item in items} == {str(s) for s in Status}
    limits = queries.limits(LAST)
    assert {queries.lamp_of(item, LAST, limits) for item in items} == set(Lamp)
    states = list(Meeting.objects.order_by("starts_at").values_list("status", flat=True))
    assert states == [MeetingStatus.CLOSED, MeetingStatus.NOTIFIED]
    assert all(one.item is not None for one in Decision.objects.select_related("item").order_by("pk"))
    assert queries.meetings(make.SYSTEM).count() == 2
