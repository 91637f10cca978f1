"""The closed loop of a bad rating (hall.md §1.6): the states and their codes as the back offices in use have them."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.flow import Flow, Move
from xinfu.ratings.access import Can
from xinfu.ratings.guards import (
    has_judge,
    is_called_back,
    is_mine,
    is_not_extended,
    judged_by_another_unit,
)


class Status(StrEnum):
    OPEN = "0"
    APPEALED = "10"
    INVALID = "11"
    APPEAL_REJECTED = "12"
    RECTIFYING = "20"
    RECTIFIED = "21"
    CANNOT_ASKED = "220"
    CANNOT = "221"
    CANNOT_REJECTED = "222"


STATUS_LABELS = {
    Status.OPEN: "待整改",
    Status.APPEALED: "无效差评审核",
    Status.INVALID: "无效差评",
    Status.APPEAL_REJECTED: "申诉驳回，待整改",
    Status.RECTIFYING: "整改中",
    Status.RECTIFIED: "整改完成",
    Status.CANNOT_ASKED: "无法整改审核",
    Status.CANNOT: "无法整改",
    Status.CANNOT_REJECTED: "驳回，继续整改",
}
FINAL = frozenset({Status.INVALID, Status.RECTIFIED, Status.CANNOT})
REVIEWED = frozenset({Status.APPEALED, Status.CANNOT_ASKED})
"""States in which another unit is to judge."""
HANDLED = frozenset({Status.OPEN, Status.APPEAL_REJECTED, Status.RECTIFYING, Status.CANNOT_REJECTED})
"""States in which the unit in charge is to act."""


FLOW = Flow(
    initial=Status.OPEN,
    moves=(
        Move("accept", "认定属实，开始整改", {Status.OPEN, Status.APPEAL_REJECTED}, Status.RECTIFYING, Can.HANDLE,
             (is_mine, is_called_back)),
        Move("appeal", "认为不实，提出申诉", {Status.OPEN}, Status.APPEALED, Can.HANDLE,
             (is_mine, is_called_back, has_judge)),
        Move("uphold", "申诉成立", {Status.APPEALED}, Status.INVALID, Can.JUDGE,
             (judged_by_another_unit, is_called_back), irreversible=True),
        Move("reject", "申诉驳回", {Status.APPEALED}, Status.APPEAL_REJECTED, Can.JUDGE,
             (judged_by_another_unit,)),
        Move("finish", "整改完成", {Status.RECTIFYING, Status.CANNOT_REJECTED}, Status.RECTIFIED, Can.HANDLE,
             (is_mine, is_called_back), irreversible=True),
        Move("extend", "延期", {Status.RECTIFYING}, Status.RECTIFYING, Can.HANDLE, (is_mine, is_not_extended)),
        Move("cannot", "无法整改，报审核", {Status.RECTIFYING}, Status.CANNOT_ASKED, Can.HANDLE,
             (is_mine, is_called_back, has_judge)),
        Move("allow", "同意无法整改", {Status.CANNOT_ASKED}, Status.CANNOT, Can.JUDGE,
             (judged_by_another_unit, is_called_back), irreversible=True),
        Move("refuse", "不同意，继续整改", {Status.CANNOT_ASKED}, Status.CANNOT_REJECTED, Can.JUDGE,
             (judged_by_another_unit,)),
    ),
)  # fmt: skip
