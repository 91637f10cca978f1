"""Why a move of an assigned item is closed: pure, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xinfu.assignments.access import Can
from xinfu.core.actor import Actor, Kind

if TYPE_CHECKING:
    from xinfu.assignments.models import Item, Meeting


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


def is_called_by_me(meeting: Meeting, actor: Actor) -> str | None:
    if acts_for(actor, meeting.unit_id, Can.MEET):
        return None
    return f"这次会议由{meeting.unit}召集，请由该单位办理。"


def has_agenda(meeting: Meeting, actor: Actor) -> str | None:
    return None if meeting.lines.exists() else "还没有议题，请先填写议程。"


def has_guests(meeting: Meeting, actor: Actor) -> str | None:
    return None if meeting.attendees.exists() else "还没有参会单位，请先确定参会范围。"


def presence_is_noted(meeting: Meeting, actor: Actor) -> str | None:
    open_ones = meeting.attendees.filter(presence="").count()
    return f"还有{open_ones}个参会单位或人员没有登记到会情况。" if open_ones else None


def decisions_are_given(meeting: Meeting, actor: Actor) -> str | None:
    open_ones = meeting.decisions.filter(item=None).count()
    return f"还有{open_ones}项决定没有交办，请先交办或删去。" if open_ones else None
