"""Assigned items for other systems: the list, one with its steps, giving one, and one step taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from xinfu.assignments import actions, api_meetings, queries
from xinfu.assignments.access import Can
from xinfu.assignments.flow import FLOW, Status
from xinfu.assignments.models import Item, Source
from xinfu.core import clock
from xinfu.core.api import Day, needs
from xinfu.core.refusal import NotFound
from xinfu.people.session import actor_of

router = Router(tags=["交办督办"])
router.add_router("/meetings", api_meetings.router)


class AssignedItemOut(Schema):
    id: int
    title: str
    status: str
    status_label: str
    lamp: str
    source: str
    giver: str
    department: str
    due_on: date
    progress: int
    given_at: datetime
    finished_at: datetime | None


class ItemStepOut(Schema):
    at: datetime
    who: str
    verb: str
    note: str


class AssignedItemDetailOut(AssignedItemOut):
    text: str
    source_name: str
    person: str
    partners: list[str]
    steps: list[ItemStepOut]


class AssignedItemsOut(Schema):
    """One page in order of number; `next` is the cursor of the page after it, 0 on the last."""

    items: list[AssignedItemOut]
    next: int


class ItemQuery(Schema):
    status: Status | None = None
    cursor: int = Field(0, ge=0, le=2**62)
    limit: int = Field(100, ge=1, le=500)


class GiveIn(Schema):
    """`department`: the name or code of the unit that is to do it."""

    title: str = Field(max_length=200)
    text: str = Field("", max_length=2000)
    source: Source
    source_name: str = Field("", max_length=200)
    department: str = Field(max_length=100)
    due_on: Day


class ItemMoveIn(Schema):
    move: str = Field(max_length=20)
    note: str = Field("", max_length=2000)
    due_on: Day | None = None


@router.get("", response=AssignedItemsOut, summary="交办事项列表", url_name="assigned_items")
@needs(Can.SEE)
def list_items(request: HttpRequest, wanted: Query[ItemQuery]) -> dict[str, Any]:
    rows = queries.items(actor_of(request)).filter(pk__gt=wanted.cursor).order_by("pk")
    if wanted.status:
        rows = rows.filter(status=str(wanted.status))
    found = list(rows[: wanted.limit + 1])
    page = found[: wanted.limit]
    return {
        "items": [_plain(item) for item in page],
        "next": page[-1].pk if len(found) > wanted.limit else 0,
    }


@router.post("", response=AssignedItemDetailOut, summary="交办一件事项", url_name="give_item")
@needs(Can.GIVE)
def give_item(request: HttpRequest, said: GiveIn) -> dict[str, Any]:
    values = {**said.dict(), "source": str(said.source), "department": queries.find_unit(said.department)}
    return _detail(actions.give(**values, by=actor_of(request), at=clock.now()))


@router.get("/{int:pk}", response=AssignedItemDetailOut, summary="一件交办事项", url_name="assigned_item")
@needs(Can.SEE)
def one_item(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _detail(queries.get_item(actor_of(request), pk))


@router.post(
    "/{int:pk}/moves", response=AssignedItemDetailOut, summary="办理一件交办事项", url_name="move_item"
)
@needs(Can.SEE)
def move_item(request: HttpRequest, pk: int, said: ItemMoveIn) -> dict[str, Any]:
    """动作和能否办理与页面相同；不能办理的写明原因。"""
    actor = actor_of(request)
    item = queries.get_item(actor, pk)
    if said.move not in {move.name for move in FLOW.moves}:
        raise NotFound("没有这个动作。")
    done = actions.move_item(
        item=item, move=said.move, note=said.note, due_on=said.due_on, by=actor, at=clock.now()
    )
    return _detail(done)


def _plain(item: Item) -> dict[str, Any]:
    day = clock.today()
    return {
        "id": item.pk, "title": item.title, "status": item.status, "status_label": item.get_status_display(),
        "lamp": str(queries.lamp_of(item, day, queries.limits(day))), "source": item.source,
        "giver": str(item.giver), "department": str(item.department), "due_on": item.due_on,
        "progress": item.progress, "given_at": item.given_at, "finished_at": item.finished_at,
    }  # fmt: skip


def _detail(item: Item) -> dict[str, Any]:
    steps = [dict(zip(("at", "who", "verb", "note"), step, strict=True)) for step in queries.steps(item)]
    return {
        **_plain(item), "text": item.text, "source_name": item.source_name, "partners": queries.partners(item),
        "person": item.person.name if item.person else "", "steps": steps,
    }  # fmt: skip
