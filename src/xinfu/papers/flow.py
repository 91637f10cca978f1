"""The life of a paper: 拟稿→核稿→会签→签发→编号→用印→分送→归档, with 退回, 撤回 and 作废."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from xinfu.core.actor import Actor
from xinfu.core.flow import Flow, Move
from xinfu.papers.access import Can

if TYPE_CHECKING:
    from xinfu.papers.models import Paper


class Status(StrEnum):
    DRAFT = "draft"
    REVIEW = "review"
    COSIGN = "cosign"
    SIGN = "sign"
    SIGNED = "signed"
    NUMBERED = "numbered"
    SEALED = "sealed"
    DISPATCHED = "dispatched"
    ARCHIVED = "archived"
    VOIDED = "voided"


STATUS_LABELS = {
    Status.DRAFT: "拟稿",
    Status.REVIEW: "待核稿",
    Status.COSIGN: "待会签",
    Status.SIGN: "待签发",
    Status.SIGNED: "已签发",
    Status.NUMBERED: "已编号",
    Status.SEALED: "已用印",
    Status.DISPATCHED: "已分送",
    Status.ARCHIVED: "已归档",
    Status.VOIDED: "已作废",
}
WAITING = (Status.REVIEW, Status.COSIGN, Status.SIGN)
ISSUED = (Status.DISPATCHED, Status.ARCHIVED)
FROZEN = (Status.SIGNED, Status.NUMBERED, Status.SEALED, *ISSUED)


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
    if actor.may(Can.ISSUE) or (paper.status == Status.DRAFT and is_owner(paper, actor)):
        return None
    return "已送出的稿件只有综合科可以作废；拟稿科室可先撤回。"


FLOW = Flow(
    initial=Status.DRAFT,
    moves=(
        Move("submit", "送核", {Status.DRAFT}, Status.REVIEW, Can.DRAFT, (by_owner, has_text)),
        Move(
            "pass_to_cosign",
            "送会签",
            {Status.REVIEW},
            Status.COSIGN,
            Can.REVIEW,
            (not_by_author, has_cosigners),
        ),
        Move(
            "pass_to_sign", "送签发", {Status.REVIEW}, Status.SIGN, Can.REVIEW, (not_by_author, no_cosigners)
        ),
        Move("cosigned", "会签完毕", {Status.COSIGN}, Status.SIGN, Can.COSIGN, (all_agreed,)),
        Move("sign", "签发", {Status.SIGN}, Status.SIGNED, Can.SIGN, irreversible=True),
        Move("number", "编号", {Status.SIGNED}, Status.NUMBERED, Can.ISSUE, irreversible=True),
        Move("seal", "用印", {Status.NUMBERED}, Status.SEALED, Can.ISSUE),
        Move(
            "dispatch",
            "分送",
            {Status.SEALED},
            Status.DISPATCHED,
            Can.ISSUE,
            (has_recipients,),
            irreversible=True,
        ),
        Move("archive", "归档", {Status.DISPATCHED}, Status.ARCHIVED, Can.ISSUE),
        Move("send_back", "退回", {Status.REVIEW, Status.COSIGN}, Status.DRAFT, Can.REVIEW),
        Move("refuse", "退回", {Status.SIGN}, Status.DRAFT, Can.SIGN),
        Move("withdraw", "撤回", WAITING, Status.DRAFT, Can.DRAFT, (by_owner,)),
        Move(
            "void",
            "作废",
            {Status.DRAFT, *WAITING, Status.SIGNED, Status.NUMBERED, Status.SEALED},
            Status.VOIDED,
            Can.DRAFT,
            (may_void,),
            irreversible=True,
        ),
    ),
)
