"""Why a move of an assigned item is closed: pure, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xinfu.assignments.access import Can
from xinfu.core.actor import Actor, Kind

if TYPE_CHECKING:
    from xinfu.assignments.models import Item


def acts_for(actor: Actor, unit_id: int, permission: Can) -> bool:
    """Return whether somebody acts for a unit: their own or one below it; seeing the whole county is not enough."""
    if actor.kind == Kind.SYSTEM:
        return True
    return actor.may(permission) and (actor.unit_id == unit_id or unit_id in actor.scope(permission).units)


def is_mine(item: Item, actor: Actor) -> str | None:
    if acts_for(actor, item.department_id, Can.DO):
        return None
    return f"这件由{item.department}承办，请由该单位办理。"


def is_given_by_me(item: Item, actor: Actor) -> str | None:
    if acts_for(actor, item.giver_id, Can.CONFIRM):
        return None
    return f"这件由{item.giver}交办，请由该单位处理。"


def has_no_transfer(item: Item, actor: Actor) -> str | None:
    if item.transfer_to_id is None:
        return None
    return f"正在等{item.transfer_to}答复是否接收转办，答复后再报结。"
