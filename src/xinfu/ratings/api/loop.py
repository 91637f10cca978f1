"""Bad ratings for other systems: what is open, one with its steps, and one step taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from xinfu.core import clock
from xinfu.core.api import Day, needs
from xinfu.core.refusal import NotFound
from xinfu.people.session import actor_of
from xinfu.ratings import actions, triage
from xinfu.ratings.access import Can
from xinfu.ratings.flow import FLOW
from xinfu.ratings.models import BadRating
from xinfu.ratings.queries import loop as queries

router = Router(tags=["好差评"])
MOST = 500


class LoopOut(Schema):
    """One bad rating as lists show it; an anonymous one says neither item nor window."""

    code: str
    number: str
    status: str
    status_label: str
    level: int
    is_anonymous: bool
    item_name: str
    reasons: list[str]
    department: str
    judge: str
    light: str
    due_on: date
    verify_due_on: date
    rectify_due_on: date
    is_extended: bool
    received_at: datetime
    called_back_at: datetime | None
    finished_at: datetime | None


class StepOut(Schema):
    move: str
    verb: str
    source: str
    target: str
    note: str
    due_on: date | None
    at: datetime
    by_name: str
    unit_name: str


class LoopDetailOut(LoopOut):
    steps: list[StepOut]


class LoopsOut(Schema):
    """One page by due day; `next` is the cursor of the page after it, empty on the last."""

    items: list[LoopOut]
    next: str


class LoopQuery(Schema):
    finished: bool = False
    box: Literal["", "mine", "judge", "raised"] = ""
    light: Literal["", "ok", "warn", "bad"] = ""
    cursor: str = Field("", max_length=40)
    limit: int = Field(100, ge=1, le=MOST)


class MoveIn(Schema):
    """One step: which, why (at most 300 characters), and until when where the step sets a day."""

    move: str = Field(max_length=20)
    note: str = Field("", max_length=2000)
    due_on: Day | None = None


@router.get("", response=LoopsOut, summary="差评列表", url_name="bad_ratings")
@needs(Can.SEE)
def list_loops(request: HttpRequest, wanted: Query[LoopQuery]) -> dict[str, Any]:
    """按到期日从近到远；每页最多500件。"""
    actor, now = actor_of(request), queries.now()
    rows = queries.finished_loops(actor) if wanted.finished else queries.open_loops(actor)
    boxes = {"mine": queries.mine, "judge": queries.to_judge, "raised": queries.raised}
    if wanted.box:
        rows = rows.filter(boxes[wanted.box](actor))
    if wanted.light:
        rows = rows.filter(queries.lit(wanted.light, now))
    rows = queries.after(rows, wanted.cursor).order_by("due_on", "pk")
    found = list(rows[: wanted.limit + 1])
    page = found[: wanted.limit]
    following = f"{page[-1].due_on}.{page[-1].pk}" if len(found) > wanted.limit else ""
    return {"items": [_plain(loop, now) for loop in page], "next": following}


@router.get("/{code}", response=LoopDetailOut, summary="一件差评", url_name="bad_rating")
@needs(Can.SEE)
def one_loop(request: HttpRequest, code: str) -> dict[str, Any]:
    return _detail(queries.get_loop(actor_of(request), code))


@router.post("/{code}/moves", response=LoopDetailOut, summary="办理一件差评", url_name="bad_rating_move")
@needs(Can.SEE)
def move_loop(request: HttpRequest, code: str, said: MoveIn) -> dict[str, Any]:
    """动作和能否办理与页面相同；不能办理的写明原因。"""
    actor = actor_of(request)
    loop = queries.get_loop(actor, code)
    if said.move not in {move.name for move in FLOW.moves}:
        raise NotFound("没有这个动作。")
    actions.move_loop(loop=loop, move=said.move, note=said.note, due_on=said.due_on, by=actor, at=clock.now())
    return _detail(queries.get_loop(actor, code))


def _plain(loop: BadRating, now: queries.Now) -> dict[str, Any]:
    rating = loop.rating
    return {
        "code": rating.code, "number": loop.number, "status": loop.status,
        "status_label": loop.get_status_display(), "level": rating.level, "is_anonymous": rating.is_anonymous,
        "item_name": "" if rating.is_anonymous else rating.item_name,
        "reasons": triage.labels(triage.split(rating.reason_codes)),
        "department": loop.department.name if loop.department else "",
        "judge": loop.judge.name if loop.judge else "",
        "light": str(queries.light_of(loop, now)), "due_on": queries.due_of(loop),
        "verify_due_on": loop.verify_due_on, "rectify_due_on": loop.rectify_due_on,
        "is_extended": loop.is_extended, "received_at": loop.received_at,
        "called_back_at": loop.called_back_at, "finished_at": loop.finished_at,
    }  # fmt: skip


def _detail(loop: BadRating) -> dict[str, Any]:
    steps = loop.steps.order_by("at", "pk").values(*StepOut.model_fields)
    return {**_plain(loop, queries.now()), "steps": list(steps)}
