"""The way of an assigned item: assigned, accepted or returned, in work, reported, confirmed or sent back."""

from __future__ import annotations

from enum import StrEnum

from xinfu.assignments.access import Can
from xinfu.assignments.guards import has_no_transfer, is_given_by_me, is_mine
from xinfu.core.flow import Flow, Move


class Status(StrEnum):
    ASSIGNED = "assigned"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    IN_WORK = "in_work"
    REPORTED = "reported"
    SENT_BACK = "sent_back"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


STATUS_LABELS = {
    Status.ASSIGNED: "待签收",
    Status.RETURNED: "已退回，待重新交办",
    Status.ACCEPTED: "已签收",
    Status.IN_WORK: "办理中",
    Status.REPORTED: "已报结，待确认",
    Status.SENT_BACK: "退回重办",
    Status.CONFIRMED: "已办结",
    Status.WITHDRAWN: "已撤销",
}
FINAL = frozenset({Status.CONFIRMED, Status.WITHDRAWN})
UNDER_WAY = frozenset({Status.ACCEPTED, Status.IN_WORK, Status.SENT_BACK})
"""States in which the owner works on it."""
OPEN = frozenset(Status) - FINAL

FLOW = Flow(
    initial=Status.ASSIGNED,
    moves=(
        Move("accept", "签收", {Status.ASSIGNED}, Status.ACCEPTED, Can.DO, (is_mine,)),
        Move("return", "退回交办单位", {Status.ASSIGNED}, Status.RETURNED, Can.DO, (is_mine,)),
        Move("begin", "开始办理", {Status.ACCEPTED}, Status.IN_WORK, Can.DO, (is_mine,)),
        Move("report", "报结", {Status.IN_WORK, Status.SENT_BACK}, Status.REPORTED, Can.DO, (is_mine, has_no_transfer)),
        Move("confirm", "确认办结", {Status.REPORTED}, Status.CONFIRMED, Can.CONFIRM, (is_given_by_me,),
             irreversible=True),
        Move("send_back", "退回重办", {Status.REPORTED}, Status.SENT_BACK, Can.CONFIRM, (is_given_by_me,)),
        Move("give_again", "重新交办", {Status.RETURNED}, Status.ASSIGNED, Can.CONFIRM, (is_given_by_me,)),
        Move("withdraw", "撤销交办", OPEN - {Status.REPORTED}, Status.WITHDRAWN, Can.CONFIRM, (is_given_by_me,),
             irreversible=True),
    ),
)  # fmt: skip
