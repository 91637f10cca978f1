"""Why a paper may not move on: each guard returns None, or the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xinfu.core.actor import Actor
from xinfu.papers.access import Can

if TYPE_CHECKING:
    from xinfu.papers.models import Paper


def is_owner(paper: Paper, actor: Actor) -> bool:
    """Tell whether the actor drafted the paper or works in the section that did (AB岗)."""
    if paper.drafted_by == actor.key or actor.kind == "system":
        return True
    return paper.unit_id is None or paper.unit_id == actor.unit_id


def by_owner(paper: Paper, actor: Actor) -> str | None:
    return None if is_owner(paper, actor) else f"此稿由{paper.drafted_by_name}拟写，请由拟稿科室办理。"


def not_by_author(paper: Paper, actor: Actor) -> str | None:
    if actor.key in (paper.drafted_by, paper.text_by):
        return "拟稿人不能核自己的稿，请由本科其他同志核稿。"
    return None


def has_text(paper: Paper, actor: Actor) -> str | None:
    return None if paper.has_text else "正文还是空的，请先写好正文再送核。"


def has_cosigners(paper: Paper, actor: Actor) -> str | None:
    return None if paper.cosigns.all() else "没有指定会签单位，请直接送签发。"


def no_cosigners(paper: Paper, actor: Actor) -> str | None:
    return "已指定会签单位，请先送会签。" if paper.cosigns.all() else None


def all_agreed(paper: Paper, actor: Actor) -> str | None:
    open_units = [row.department.short_name for row in paper.cosigns.all() if row.decision != "agree"]
    return f"还有{len(open_units)}个单位未会签同意：{'、'.join(open_units)}。" if open_units else None


def has_recipients(paper: Paper, actor: Actor) -> str | None:
    return None if paper.recipients.all() else "没有分送单位，请先填写主送或抄送单位。"


def may_void(paper: Paper, actor: Actor) -> str | None:
    if actor.may(Can.ISSUE) or (paper.status == "draft" and is_owner(paper, actor)):
        return None
    return "已送出的稿件只有综合科可以作废；拟稿科室可先撤回。"
