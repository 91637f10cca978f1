"""Meetings for other systems: the list, one with agenda, presence and decisions, planning, moves, decisions and items."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from xinfu.assignments import actions, queries
from xinfu.assignments.access import Can
from xinfu.assignments.flow import MEETINGS, MeetingStatus
from xinfu.assignments.models import Decision, Meeting, MeetingKind
from xinfu.core import clock
from xinfu.core.api import Day, Moment, needs
from xinfu.core.refusal import NotFound
from xinfu.people.session import actor_of

router = Router(tags=["会议"])


class MeetingOut(Schema):
    id: int
    title: str
    kind: str
    status: str
    status_label: str
    unit: str
    starts_at: datetime
    place: str
    chair: str
    note_taker: str


class AgendaLineOut(Schema):
    id: int
    title: str
    text: str
    department: str
    reporter: str
    minutes: int
    said: str


class AttendeeOut(Schema):
    department: str
    person: str
    reply: str
    presence: str
    who: str
    reason: str


class DecisionOut(Schema):
    """`item`: the number of the assigned item that it became, null before."""

    id: int
    title: str
    text: str
    department: str
    due_on: date
    item: int | None


class MeetingDetailOut(MeetingOut):
    text: str
    lines: list[AgendaLineOut]
    attendees: list[AttendeeOut]
    decisions: list[DecisionOut]


class MeetingsOut(Schema):
    """One page in order of number; `next` is the cursor of the page after it, 0 on the last."""

    meetings: list[MeetingOut]
    next: int


class MeetingQuery(Schema):
    status: MeetingStatus | None = None
    cursor: int = Field(0, ge=0, le=2**62)
    limit: int = Field(100, ge=1, le=500)


class PlanIn(Schema):
    """`chair`, `note_taker`: staff number or name; `guests`: names or codes of the units asked to come."""

    title: str = Field(max_length=200)
    kind: MeetingKind
    starts_at: Moment
    place: str = Field(max_length=200)
    chair: str = Field(max_length=60)
    note_taker: str = Field(max_length=60)
    text: str = Field("", max_length=2000)
    lines: list[str] = Field([], max_length=60)
    guests: list[str] = Field([], max_length=200)


class MeetingMoveIn(Schema):
    move: str = Field(max_length=20)
    note: str = Field("", max_length=2000)


class DecisionIn(Schema):
    title: str = Field(max_length=200)
    text: str = Field("", max_length=2000)
    department: str = Field(max_length=100)
    partners: list[str] = Field([], max_length=100)
    due_on: Day


@router.get("", response=MeetingsOut, summary="会议列表", url_name="meetings")
@needs(Can.SEE)
def list_meetings(request: HttpRequest, wanted: Query[MeetingQuery]) -> dict[str, Any]:
    rows = queries.meetings(actor_of(request)).filter(pk__gt=wanted.cursor).order_by("pk")
    if wanted.status:
        rows = rows.filter(status=str(wanted.status))
    found = list(rows[: wanted.limit + 1])
    page = found[: wanted.limit]
    return {
        "meetings": [_plain(row) for row in page],
        "next": page[-1].pk if len(found) > wanted.limit else 0,
    }


@router.post("", response=MeetingDetailOut, summary="拟定一次会议", url_name="plan_meeting")
@needs(Can.MEET)
def plan_meeting(request: HttpRequest, said: PlanIn) -> dict[str, Any]:
    actor = actor_of(request)
    starts = said.starts_at if timezone.is_aware(said.starts_at) else timezone.make_aware(said.starts_at)
    meeting = actions.plan_meeting(
        title=said.title, kind=str(said.kind), starts_at=starts, place=said.place, text=said.text,
        chair=queries.find_person(actor, said.chair, "chair"),
        note_taker=queries.find_person(actor, said.note_taker, "note_taker"),
        lines=[actions.Line(title) for title in said.lines],
        guests=[queries.find_unit(name).pk for name in said.guests], by=actor, at=clock.now(),
    )  # fmt: skip
    return _detail(meeting)


@router.get("/{int:pk}", response=MeetingDetailOut, summary="一次会议", url_name="meeting")
@needs(Can.SEE)
def one_meeting(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _detail(queries.get_meeting(actor_of(request), pk))


@router.post("/{int:pk}/moves", response=MeetingDetailOut, summary="办理一次会议", url_name="move_meeting")
@needs(Can.MEET)
def move_meeting(request: HttpRequest, pk: int, said: MeetingMoveIn) -> dict[str, Any]:
    """动作和能否办理与页面相同；不能办理的写明原因。"""
    actor = actor_of(request)
    meeting = queries.get_meeting(actor, pk)
    if said.move not in {move.name for move in MEETINGS.moves}:
        raise NotFound("没有这个动作。")
    return _detail(
        actions.move_meeting(meeting=meeting, move=said.move, note=said.note, by=actor, at=clock.now())
    )


@router.post("/{int:pk}/decisions", response=DecisionOut, summary="记录一项会议决定", url_name="decide")
@needs(Can.MEET)
def decide(request: HttpRequest, pk: int, said: DecisionIn) -> dict[str, Any]:
    actor = actor_of(request)
    meeting = queries.get_meeting(actor, pk)
    decision = actions.decide(
        meeting=meeting, title=said.title, text=said.text, department=queries.find_unit(said.department),
        partners=[queries.find_unit(name) for name in said.partners], due_on=said.due_on, by=actor,
        at=clock.now(),
    )  # fmt: skip
    return _decision(decision)


@router.post(
    "/{int:pk}/decisions/{int:decision}/item", response=DecisionOut, summary="交办一项会议决定",
    url_name="give_decision",
)  # fmt: skip
@needs(Can.MEET)
def give_decision(request: HttpRequest, pk: int, decision: int) -> dict[str, Any]:
    """每项决定只能交办一次；再交办的，写明何人何时已交办。"""
    actor = actor_of(request)
    meeting = queries.get_meeting(actor, pk)
    actions.give_decision(decision=queries.get_decision(meeting, decision), by=actor, at=clock.now())
    return _decision(queries.get_decision(meeting, decision))


def _plain(meeting: Meeting) -> dict[str, Any]:
    return {
        "id": meeting.pk, "title": meeting.title, "kind": meeting.kind, "status": meeting.status,
        "status_label": meeting.get_status_display(), "unit": str(meeting.unit),
        "starts_at": meeting.starts_at, "place": meeting.place, "chair": meeting.chair.name,
        "note_taker": meeting.note_taker.name,
    }  # fmt: skip


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "id": one.pk, "title": one.title, "text": one.text, "department": str(one.department),
        "due_on": one.due_on, "item": one.item_id,
    }  # fmt: skip


def _detail(meeting: Meeting) -> dict[str, Any]:
    return {
        **_plain(meeting),
        "text": meeting.text,
        "lines": [
            {
                "id": one.pk, "title": one.title, "text": one.text, "department": str(one.department or ""),
                "reporter": one.reporter, "minutes": one.minutes, "said": one.said,
            }
            for one in queries.lines(meeting)
        ],
        "attendees": [
            {
                "department": str(one.department), "person": one.person.name if one.person else "",
                "reply": one.reply, "presence": one.presence, "who": one.who, "reason": one.reason,
            }
            for one in queries.attendees(meeting)
        ],
        "decisions": [_decision(one) for one in queries.decisions(meeting)],
    }  # fmt: skip
