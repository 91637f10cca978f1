"""Why a move of a bad rating's loop is closed: pure, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xinfu.core.actor import Actor, Kind
from xinfu.core.privacy import unseal
from xinfu.ratings.access import Can

if TYPE_CHECKING:
    from xinfu.ratings.models import BadRating


def why_not_callable(loop: BadRating) -> str | None:
    """Return why the person who rated cannot be called: anonymous, or no name, or no telephone."""
    if loop.rating.is_anonymous:
        return "匿名评价，没有留下联系方式，不能回访；请直接核实、整改。"
    said = unseal(loop.rating.sealed)
    if not said.get("phone") or not said.get("name"):
        return "这条评价没有留下姓名和电话，不能回访；请直接核实、整改。"
    return None


def is_mine(loop: BadRating, actor: Actor) -> str | None:
    """Keep the handling to the unit in charge (谁主管谁主办)."""
    if actor.scope(Can.HANDLE).covers(loop.department_id):
        return None
    if loop.department_id is None:
        return "这件差评还没有承办单位，请由考评科先转办。"
    return f"这件差评由{loop.department}承办，请由该单位办理。"


def is_called_back(loop: BadRating, actor: Actor) -> str | None:
    """Keep the rule that everyone who rated by name is called back (实名差评回访率 100%)."""
    if loop.called_back_at is None and why_not_callable(loop) is None:
        return "实名差评须先回访评价人（实名差评回访率100%），请先登记回访。"
    return None


def has_judge(loop: BadRating, actor: Actor) -> str | None:
    if loop.judge_id is None:
        return "本县没有设定可审核这件差评的其他单位，请综合科在“本地规定”中设定差评审核单位。"
    return None


def judged_by_another_unit(loop: BadRating, actor: Actor) -> str | None:
    """Keep the judging to the judge's unit, and out of the hands of whoever handles the bad rating."""
    if actor.kind == Kind.SYSTEM:
        return None
    if loop.department_id is not None and (
        actor.unit_id == loop.department_id or loop.department_id in actor.scope(Can.HANDLE).units
    ):
        return "承办单位不能审核自己的差评，请由审核单位办理。"
    if loop.judge_id is None or not _works_for(loop.judge_id, actor):
        return f"这件差评由{loop.judge or '审核单位'}审核，请由该单位办理。"
    return None


def _works_for(judge_id: int, actor: Actor) -> bool:
    """Tell whether the judge is the actor's own unit, or one below it that the actor may judge for."""
    return actor.may(Can.JUDGE) and (judge_id == actor.unit_id or judge_id in actor.scope(Can.JUDGE).units)


def is_not_extended(loop: BadRating, actor: Actor) -> str | None:
    return "整改期限只能延期一次，这件已延期过。" if loop.is_extended else None
