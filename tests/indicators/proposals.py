"""Builders of suggestions."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from tests import make
from tests.conftest import CHINA
from xinfu.catalog.models import Item
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.indicators import actions
from xinfu.indicators.flow import PROPOSAL_FLOW, ProposalStatus
from xinfu.indicators.models import Proposal

AT = datetime(2023, 5, 18, 9, 0, tzinfo=CHINA)
CONTENT = "企业办理变更登记时，同一份章程修正案须分别提交给三个部门，建议改为一次提交、部门共享。"
WAY: dict[ProposalStatus, tuple[str, ...]] = {
    ProposalStatus.DRAFT: (),
    ProposalStatus.COUNTY: ("submit",),
    ProposalStatus.CITY: ("submit", "county_passed"),
    ProposalStatus.PROVINCE: ("submit", "county_passed", "city_passed"),
    ProposalStatus.ADOPTED: ("submit", "county_passed", "city_passed", "province_adopted"),
    ProposalStatus.PARTLY: ("submit", "county_passed", "city_passed", "province_partly"),
    ProposalStatus.NOT_ADOPTED: ("submit", "county_passed", "city_passed", "province_not_adopted"),
    ProposalStatus.RETURNED: ("submit", "county_returned"),
    ProposalStatus.WITHDRAWN: ("withdraw",),
}
"""By which moves each state is reached."""
_serial = itertools.count(1)


def item(code: str = "") -> Item:
    return Item.objects.create(code=code or f"3306240{next(_serial):05}")


def proposer(office: Any, unit: Any = None) -> Actor:
    return make.actor(Role.UNIT_LIAISON, unit or office.unit_a)


def reviewer(office: Any) -> Actor:
    return make.actor(Role.GENERAL, office.general)


def take(
    proposal: Proposal, move: str, *, by: Actor = make.SYSTEM, at: datetime = AT, **said: Any
) -> Proposal:
    """Take one move of the flow through its action."""
    if move in ("submit", "submit_again"):
        PROPOSAL_FLOW.check(move, proposal, by)
        return actions.hand_in(proposal=proposal, note=said.pop("note", "已按意见修改"), by=by, at=at)
    if move == "withdraw":
        return actions.withdraw_proposal(proposal=proposal, note=said.pop("note", "情况有变"), by=by, at=at)
    level, _, result = move.partition("_")
    values: dict[str, Any] = {
        "decided_on": at.date(),
        "opinion": "意见",
        "paper_no": "绍政办〔2023〕8号",
        **said,
    }
    return actions.decide_proposal(proposal=proposal, level=level, result=result, **values, by=by, at=at)


def proposal(
    office: Any,
    *,
    state: ProposalStatus = ProposalStatus.DRAFT,
    by: Actor | None = None,
    at: datetime = AT,
    **values: Any,
) -> Proposal:
    """Bring a suggestion into a state through the actions."""
    said: dict[str, Any] = {
        "title": "章程修正案一次提交、部门共享",
        "kind": "materials",
        "content": CONTENT,
        **values,
    }
    if "item" not in said:
        said["item"] = item()
    found = actions.draft_proposal(**said, by=by or proposer(office), at=at)
    for move in WAY[state]:
        found = take(found, move, at=at)
    assert found.status == state
    return found
