"""The ways of an assigned item (assigned, accepted or returned, in work, reported, confirmed or sent back)
and of a meeting (planned, notified, held, closed)."""

from __future__ import annotations

from enum import StrEnum

from xinfu.assignments.access import Can
from xinfu.assignments.guards import (
    decisions_are_given,
    has_agenda,
    has_guests,
    has_no_transfer,
    is_called_by_me,
    is_given_by_me,
    is_mine,
    presence_is_noted,
)
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
BEGUN = frozenset({Status.IN_WORK, Status.REPORTED, Status.SENT_BACK, Status.CONFIRMED})
"""States after the move `begin`; before it the lamp is grey until the due day is near."""

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


class MeetingStatus(StrEnum):
    PLANNED = "planned"
    NOTIFIED = "notified"
    HELD = "held"
    CLOSED = "closed"
    CANCELLED = "cancelled"


MEETING_LABELS = {
    MeetingStatus.PLANNED: "拟定",
    MeetingStatus.NOTIFIED: "已通知",
    MeetingStatus.HELD: "已召开",
    MeetingStatus.CLOSED: "已结会",
    MeetingStatus.CANCELLED: "已取消",
}
MEETING_FINAL = frozenset({MeetingStatus.CLOSED, MeetingStatus.CANCELLED})
BEFORE = frozenset({MeetingStatus.PLANNED, MeetingStatus.NOTIFIED})
"""States in which time, agenda and guests may still change."""

MEETINGS = Flow(
    initial=MeetingStatus.PLANNED,
    moves=(
        Move("notify", "发出通知", {MeetingStatus.PLANNED}, MeetingStatus.NOTIFIED, Can.MEET,
             (is_called_by_me, has_agenda, has_guests)),
        Move("hold", "召开", {MeetingStatus.NOTIFIED}, MeetingStatus.HELD, Can.MEET, (is_called_by_me,)),
        Move("close", "结会", {MeetingStatus.HELD}, MeetingStatus.CLOSED, Can.MEET,
             (is_called_by_me, presence_is_noted, decisions_are_given), irreversible=True),
        Move("cancel", "取消会议", BEFORE, MeetingStatus.CANCELLED, Can.MEET, (is_called_by_me,),
             irreversible=True),
    ),
)  # fmt: skip
