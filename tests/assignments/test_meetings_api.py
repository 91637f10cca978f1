"""Meetings by API: the same rules and sentences as the screens."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests import make
from tests.assignments import gatherings
from xinfu.assignments.flow import MeetingStatus
from xinfu.assignments.models import Item, Meeting
from xinfu.core.access import Role

API = "/api/v1/assignments/meetings"


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 5, 18)


def post(client: Any, address: str, said: dict[str, Any] | None = None) -> Any:
    return client.post(address, said or {}, content_type="application/json")


def test_a_meeting_goes_its_way_by_api_to_its_items(as_role: Any, office: Any) -> None:
    client = as_role(Role.GENERAL, office.general)
    chair = make.person(Role.LEADER, office.root)
    said = {
        "title": "专题会", "kind": "topic", "starts_at": "2023-05-18T14:30:00", "place": "三楼",
        "chair": chair.staff_no, "note_taker": client.actor.name, "lines": ["受理超时"],
        "guests": ["县市场监管局"],
    }  # fmt: skip
    assert post(client, API, said | {"guests": ["无此局"]}).status_code == 422
    made = post(client, API, said).json()
    assert (made["status"], made["lines"][0]["title"]) == ("planned", "受理超时")
    address = f"{API}/{made['id']}"
    for move in ("notify", "hold"):
        assert post(client, f"{address}/moves", {"move": move}).status_code == 200
    assert post(client, f"{address}/moves", {"move": "dance"}).status_code == 404
    refused = post(client, f"{address}/moves", {"move": "close"})
    assert "没有登记到会情况" in refused.json()["detail"]
    decision = post(
        client, f"{address}/decisions",
        {"title": "压减超时", "department": "县市场监管局", "partners": ["县人力社保局"], "due_on": "2023-06-16"},
    ).json()  # fmt: skip
    assert decision["item"] is None
    given = post(client, f"{address}/decisions/{decision['id']}/item").json()
    assert given["item"] == Item.objects.get().pk
    again = post(client, f"{address}/decisions/{decision['id']}/item")
    assert again.status_code == 409
    assert "已由" in again.json()["detail"]
    shown = client.get(address).json()
    assert shown["attendees"][0]["department"] == "县市场监管局"
    assert shown["decisions"][0]["item"] == given["item"]


def test_the_list_pages_and_holds_what_the_actor_sees(as_role: Any, office: Any) -> None:
    by = gatherings.caller(office)
    for state in (MeetingStatus.NOTIFIED, MeetingStatus.PLANNED, MeetingStatus.NOTIFIED):
        gatherings.meeting(office, by=by, state=state)
    unit = as_role(Role.UNIT_LIAISON, office.unit_a)
    assert len(unit.get(API).json()["meetings"]) == 2
    office_client = as_role(Role.GENERAL, office.general)
    page = office_client.get(API, {"limit": 2}).json()
    rest = office_client.get(API, {"cursor": page["next"]}).json()
    assert (len(page["meetings"]), len(rest["meetings"]), rest["next"]) == (2, 1, 0)
    assert len(office_client.get(API, {"status": "planned"}).json()["meetings"]) == 1
    planned = Meeting.objects.get(status="planned")
    assert unit.get(f"{API}/{planned.pk}").status_code == 404
    assert post(unit, f"{API}/{planned.pk}/moves", {"move": "notify"}).status_code == 403
