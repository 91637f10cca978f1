"""The closed loop of a bad rating (hall.md §1.6): the states and their codes as the back offices in use have them."""

from __future__ import annotations

from enum import StrEnum


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
