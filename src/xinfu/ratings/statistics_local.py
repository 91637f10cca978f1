"""The county's own numbers for the statistics of ratings (本地规定)."""

from __future__ import annotations

from datetime import date

from xinfu.core import local
from xinfu.core.permissions import Can

SMALLEST_GROUP = "ratings.smallest_group"
FAIR_IS_GOOD = "ratings.fair_is_good"
CANNOT_COUNTS = "ratings.cannot_counts"
RATABLE_CASES = "ratings.ratable_cases"
CODES = (SMALLEST_GROUP, FAIR_IS_GOOD, CANNOT_COUNTS)
EVERY_FINISH = "every_finish"

local.declare(
    SMALLEST_GROUP,
    title="评价统计分组的最少条数",
    default=5,
    unit="条",
    source="默认值：条数过少的分组不显示，以免推知评价人",
    check=local.whole(2, 100),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    FAIR_IS_GOOD,
    title="“基本满意”是否计为好评",
    default="yes",
    unit="",
    source="默认值：差评只有“不满意”“非常不满意”两级，其余计为好评；公布的口径未写明",
    check=local.one_of({"yes": "计为好评", "no": "不计为好评"}),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    CANNOT_COUNTS,
    title="“无法整改”的差评是否计入整改率分母",
    default="yes",
    unit="",
    source="默认值，未见上位规定",
    check=local.one_of({"yes": "计入", "no": "不计入"}),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    RATABLE_CASES,
    title="主动评价率、未评价率以哪些办件为分母",
    default="normal_finish",
    unit="",
    source="默认值：公布的主动评价率分母各地不一，口径未写明",
    check=local.one_of(
        {"normal_finish": "正常办结的办件", EVERY_FINISH: "全部办结的办件，含退件、作废、转报"}
    ),
    permission=Can.SET_LOCAL_RULES,
)


Spans = list[tuple[date, date]]


def fair_spans(frm: date, to: date) -> Spans:
    """Return the days of a period, first and last of each span, on which 基本满意 counts as good."""
    return [(first, last) for first, last, value in local.spans(FAIR_IS_GOOD, frm, to) if value == "yes"]


def fair_words(fair: Spans, frm: date, to: date) -> str:
    """Return what 基本满意 counts as in a period."""
    if not fair:
        return "不计为好评"
    if fair == [(frm, to)]:
        return "也计为好评"
    return "、".join(f"{first}至{last}" for first, last in fair) + "的也计为好评，其余不计"
