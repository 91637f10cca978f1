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


def topics(codes: Iterable[str]) -> list[Topic]:
    """Return the topics of the reasons, each once, in the order in which the person named them."""
    return list(dict.fromkeys(TOPIC_OF[code] for code in codes if code in TOPIC_OF))


def split(codes: str) -> list[str]:
    return [code for code in codes.split(",") if code]
