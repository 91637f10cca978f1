"""The life of a published table: 待公布→已公布→已撤回, or 放弃; a correction leaves it published."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.flow import Flow, Move
from xinfu.indicators.access import Can


class Status(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


STATUS_LABELS = {
    Status.DRAFT: "待公布",
    Status.PUBLISHED: "已公布",
    Status.WITHDRAWN: "已撤回",
    Status.DISCARDED: "已放弃",
}

FLOW = Flow(
    initial=Status.DRAFT,
    moves=(
        Move("publish", "公布", {Status.DRAFT}, Status.PUBLISHED, Can.PUBLISH, irreversible=True),
        Move("discard", "放弃", {Status.DRAFT}, Status.DISCARDED, Can.PUBLISH),
        Move("correct", "更正", {Status.PUBLISHED}, Status.PUBLISHED, Can.PUBLISH, irreversible=True),
        Move("withdraw", "撤回", {Status.PUBLISHED}, Status.WITHDRAWN, Can.PUBLISH, irreversible=True),
    ),
)
