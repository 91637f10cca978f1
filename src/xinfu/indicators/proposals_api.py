"""Suggestions for other systems: the list, one with its opinions, drafting one, and one step taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from pydantic import ModelWrapValidatorHandler, model_validator
from pydantic_core import PydanticCustomError

from xinfu.core import clock
from xinfu.core.api import Day, needs
from xinfu.core.refusal import NotFound, Refused
from xinfu.indicators import actions
from xinfu.indicators.access import Can
from xinfu.indicators.flow import PROPOSAL_FLOW, ProposalStatus
from xinfu.indicators.models import Proposal, ProposalKind
from xinfu.indicators.queries import proposals as queries
from xinfu.people.session import actor_of

router = Router(tags=["高频涉企事项建议"])


class ProposalOut(Schema):
    id: int
    number: str
    title: str
    kind: str
    kind_label: str
    item: str
    item_name: str
    department: str
    status: str
    status_label: str
    turn: int
    submitted_on: date | None
    county_due_on: date | None
    decided_on: date | None


class OpinionOut(Schema):
    """One step; level, result and `decided_on` (the day on the paper) only where it is an opinion."""

    at: datetime
    who: str
    verb: str
    level: str
    result: str
    opinion: str
    decided_on: date | None
    paper_no: str


class ProposalDetailOut(ProposalOut):
    content: str
    steps: list[OpinionOut]


class ProposalsOut(Schema):
    """One page in order of number; `next` is the cursor of the page after it, 0 on the last."""

    proposals: list[ProposalOut]
    next: int


class ProposalQuery(Schema):
    status: ProposalStatus | None = None
    cursor: int = Field(0, ge=0, le=2**62)
    limit: int = Field(100, ge=1, le=500)


class ProposalIn(Schema):
    """`item`: name or code of the catalogue's item; a draft may still lack all but its title."""

    title: str = Field(max_length=200)
    kind: ProposalKind | None = None
    kind_note: str = Field("", max_length=100)
    item: str = Field("", max_length=300)
    content: str = Field("", max_length=4000)

    @model_validator(mode="wrap")
    @classmethod
    def _is_an_object(cls, said: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Refuse a bare text: attributes count as fields, and every `str` has a `title`."""
        if not isinstance(said, dict):
            raise PydanticCustomError("model_attributes_type", "not an object")
        return handler(said)


class ProposalMoveIn(Schema):
    """`move`: submit, submit_again, withdraw, or an opinion such as county_passed; opinions need `decided_on`."""

    move: str = Field(max_length=24)
    note: str = Field("", max_length=1000)
    decided_on: Day | None = None
    paper_no: str = Field("", max_length=200)


@router.get("", response=ProposalsOut, summary="建议列表", url_name="proposals")
@needs(Can.SEE_PROPOSALS)
def list_proposals(request: HttpRequest, wanted: Query[ProposalQuery]) -> dict[str, Any]:
    rows = queries.proposals(actor_of(request)).filter(pk__gt=wanted.cursor).order_by("pk")
    if wanted.status:
        rows = rows.filter(status=str(wanted.status))
    found = list(rows[: wanted.limit + 1])
    page = found[: wanted.limit]
    return {
        "proposals": [_plain(one) for one in page],
        "next": page[-1].pk if len(found) > wanted.limit else 0,
    }


@router.post("", response=ProposalDetailOut, summary="起草一件建议", url_name="draft_proposal")
@needs(Can.PROPOSE)
def draft_proposal(request: HttpRequest, said: ProposalIn) -> dict[str, Any]:
    """存为本单位的草稿；提交县级审核用 moves。"""
    actor = actor_of(request)
    made = actions.draft_proposal(
        title=said.title, kind=str(said.kind or ""), kind_note=said.kind_note, content=said.content,
        item=queries.find_item(actor, said.item, clock.today()), by=actor, at=clock.now(),
    )  # fmt: skip
    return _detail(queries.get_proposal(actor, made.pk))


@router.get("/{int:pk}", response=ProposalDetailOut, summary="一件建议", url_name="proposal")
@needs(Can.SEE_PROPOSALS)
def one_proposal(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _detail(queries.get_proposal(actor_of(request), pk))


@router.post("/{int:pk}/moves", response=ProposalDetailOut, summary="办理一件建议", url_name="move_proposal")
@needs(Can.SEE_PROPOSALS)
def move_proposal(request: HttpRequest, pk: int, said: ProposalMoveIn) -> dict[str, Any]:
    """动作和能否办理与页面相同；不能办理的写明原因。"""
    actor = actor_of(request)
    proposal = queries.get_proposal(actor, pk)
    if said.move not in {move.name for move in PROPOSAL_FLOW.moves}:
        raise NotFound("没有这个动作。")
    PROPOSAL_FLOW.check(said.move, proposal, actor)
    if said.move in ("submit", "submit_again"):
        done = actions.hand_in(proposal=proposal, note=said.note, by=actor, at=clock.now())
    elif said.move == "withdraw":
        done = actions.withdraw_proposal(proposal=proposal, note=said.note, by=actor, at=clock.now())
    else:
        done = _decide(proposal, said, request)
    return _detail(done)


def _decide(proposal: Proposal, said: ProposalMoveIn, request: HttpRequest) -> Proposal:
    if said.decided_on is None:
        raise Refused("no_day", "请写明意见日期（decided_on）。", field="decided_on")
    level, _, result = said.move.partition("_")
    return actions.decide_proposal(
        proposal=proposal, level=level, result=result, decided_on=said.decided_on, opinion=said.note,
        paper_no=said.paper_no, by=actor_of(request), at=clock.now(),
    )  # fmt: skip


def _plain(one: Proposal) -> dict[str, Any]:
    return {
        "id": one.pk, "number": one.number, "title": one.title, "kind": one.kind,
        "kind_label": one.kind_note or one.get_kind_display(), "item": one.item.code if one.item else "",
        "item_name": one.item_name, "department": str(one.department), "status": one.status,
        "status_label": one.get_status_display(), "turn": one.turn, "submitted_on": one.submitted_on,
        "county_due_on": one.county_due_on, "decided_on": one.decided_on,
    }  # fmt: skip


def _detail(one: Proposal) -> dict[str, Any]:
    steps = [
        {
            "at": s.at, "who": f"{s.unit_name} {s.by_name}".strip(), "verb": s.verb, "level": s.level,
            "result": s.result, "opinion": s.opinion, "decided_on": s.decided_on, "paper_no": s.paper_no,
        }
        for s in queries.steps(one)
    ]  # fmt: skip
    return {**_plain(one), "content": one.content, "steps": steps}
