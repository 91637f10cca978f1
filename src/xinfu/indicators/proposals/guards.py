"""Why a move of a suggestion is closed: pure, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xinfu.core.actor import Actor, Kind
from xinfu.indicators.access import Can

if TYPE_CHECKING:
    from xinfu.indicators.models import Proposal

LEAST_CONTENT = 20
LONGEST_TITLE, LONGEST_CONTENT, LONGEST_KIND_NOTE = 60, 2000, 20


def reach(actor: Actor, permission: Can = Can.PROPOSE) -> frozenset[int]:
    """Return the units that somebody acts for: their own and those below; seeing the whole county is not enough."""
    own = {actor.unit_id} if actor.unit_id is not None else set()
    return frozenset(own | set(actor.scope(permission).units)) if actor.may(permission) else frozenset()


def is_own(proposal: Proposal, actor: Actor) -> str | None:
    if actor.kind == Kind.SYSTEM or proposal.department_id in reach(actor):
        return None
    return f"这条建议由{proposal.department}提出，请由该单位办理。"


def is_anothers(proposal: Proposal, actor: Actor) -> str | None:
    """A unit does not judge what it proposed itself, nor a person what they handed in."""
    if actor.kind == Kind.SYSTEM:
        return None
    if actor.unit_id == proposal.department_id or proposal.submitted_by == actor.key:
        return "本单位提出的建议，须由其他单位审核。"
    return None


def lacking(proposal: Proposal) -> list[str]:
    """Return what a suggestion must still say before it is handed in."""
    lacks = [] if proposal.item_id is not None else ["涉及事项"]
    lacks += [] if proposal.kind else ["建议类型"]
    lacks += ["其他类型的说明"] if proposal.kind == "other" and not proposal.kind_note else []
    if len(proposal.content) < LEAST_CONTENT:
        lacks.append(f"建议内容（至少{LEAST_CONTENT}字）")
    return lacks


def is_complete(proposal: Proposal, actor: Actor) -> str | None:
    lacks = lacking(proposal)
    return f"还没有填写：{'、'.join(lacks)}，补齐后再提交。" if lacks else None
