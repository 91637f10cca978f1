"""What a coded reason of a bad rating asks to look at first (hall.md §1.3, last line, derived): pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Topic(StrEnum):
    CLOCK = "clock"
    GUIDE = "guide"
    MATERIAL = "material"
    ONLINE = "online"
    STAFF = "staff"
    VISITS = "visits"


TOPIC_LABELS = {
    Topic.CLOCK: "办理时限",
    Topic.GUIDE: "办事指南",
    Topic.MATERIAL: "申报材料",
    Topic.ONLINE: "网上办理",
    Topic.STAFF: "窗口人员",
    Topic.VISITS: "到现场次数",
}
TOPIC_OF: Mapping[str, Topic] = {
    "209": Topic.CLOCK,
    "110": Topic.CLOCK,
    "207": Topic.GUIDE,
    "208": Topic.GUIDE,
    "111": Topic.GUIDE,
    "109": Topic.MATERIAL,
    "108": Topic.MATERIAL,
    "210": Topic.MATERIAL,
    "211": Topic.ONLINE,
    "112": Topic.ONLINE,
    "212": Topic.ONLINE,
    "213": Topic.STAFF,
    "214": Topic.STAFF,
    "115": Topic.STAFF,
    "113": Topic.STAFF,
    "114": Topic.VISITS,
}
BAD_REASONS: Mapping[str, str] = {
    "207": "没有提供材料样本",
    "208": "没有提供材料清单",
    "209": "未在承诺时间内办结",
    "210": "同样内容的证明材料被要求多次提交",
    "211": "承诺网办但无法在线办理",
    "212": "在线预约办理后到实体大厅重复取号排队",
    "213": "窗口人员业务不熟练",
    "214": "服务态度生硬",
    "108": "在办事指南之外增加新的审批条件",
    "109": "需提供办事指南之外的申报材料",
    "110": "无理由超过法定办理时间",
    "111": "办事指南提供样本有错",
    "112": "承诺在线收取申报材料实际无法收取",
    "113": "多头跑窗口和部门",
    "114": "跑动次数与承诺的不一致",
    "115": "服务态度差效率低",
}
"""The reasons of levels 1 and 2 in the national list in use (全国一体化在线政务服务平台“好差评”, 2020)."""


def topics(codes: Iterable[str]) -> list[Topic]:
    """Return the topics of the reasons, each once, in the order in which the person named them."""
    return list(dict.fromkeys(TOPIC_OF[code] for code in codes if code in TOPIC_OF))


def split(codes: str) -> list[str]:
    return [code for code in codes.split(",") if code]


def labels(codes: Iterable[str]) -> list[str]:
    """Return the reasons as people read them; a code that is in no list in use stays a code."""
    return [BAD_REASONS.get(code, code) for code in codes]
