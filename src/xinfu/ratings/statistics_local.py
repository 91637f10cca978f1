"""The county's own numbers for the statistics of ratings (本地规定)."""

from __future__ import annotations

from xinfu.core import local
from xinfu.core.permissions import Can

SMALLEST_GROUP = "ratings.smallest_group"
FAIR_IS_GOOD = "ratings.fair_is_good"
CANNOT_COUNTS = "ratings.cannot_counts"
CODES = (SMALLEST_GROUP, FAIR_IS_GOOD, CANNOT_COUNTS)

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
