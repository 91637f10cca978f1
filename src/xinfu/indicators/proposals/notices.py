"""How the events of suggestions read in the house's news, and where they lead."""

from __future__ import annotations

from django.urls import reverse

from xinfu.core.actor import Actor
from xinfu.indicators.queries import proposals

EVENTS = {
    "proposal.handed_in": "提交县级审核",
    "proposal.handed_in_again": "修改后再次提交",
    "proposal.passed": "同意上报",
    "proposal.adopted": "省级采纳",
    "proposal.adopted_partly": "省级部分采纳",
    "proposal.not_adopted": "不采纳",
    "proposal.returned": "退回修改",
    "proposal.withdrawn": "撤回",
}


def url(key: str) -> str:
    return reverse("indicators:proposal", args=[key])


def visible(actor: Actor, keys: list[str]) -> set[str]:
    return {str(pk) for pk in proposals.visible_ids(actor, [int(key) for key in keys if key.isdecimal()])}
