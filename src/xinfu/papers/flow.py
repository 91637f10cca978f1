"""The life of a paper: 拟稿→核稿→会签→签发→编号→用印→分送→归档, with 退回, 撤回 and 作废."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.flow import Flow, Move
from xinfu.papers.access import Can
from xinfu.papers.guards import (
    all_agreed,
    by_owner,
    has_cosigners,
    has_recipients,
    has_text,
    may_void,
    no_cosigners,
    not_by_author,
)


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
