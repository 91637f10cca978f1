"""本地规定 of the indicators: numbers that no published rule fixes."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from xinfu.core import local
from xinfu.indicators.access import Can

MIN_CASES = "indicators.min_cases"
DEMAND_WORKDAYS = "indicators.demand_workdays"
REVIEW_UNITS = "indicators.review_units"
RED_BELOW = {
    "instant_rate": "indicators.red_below.instant_rate",
    "promise_compression_rate": "indicators.red_below.promise_compression_rate",
}


def percent(value: Any) -> str | None:
    """Return why the value is no percentage with at most four decimals, written as text."""
    try:
        number = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    exact = number.is_finite() and number == round(number, 4) and 0 <= number <= 100
    return None if exact else "请填 0 到 100 之间的百分数，最多四位小数，如 76.1。"


local.declare(
    MIN_CASES,
    title="参加部门排名的最少件数",
    default=30,
    unit="件",
    source="系统默认：件数过少时比例起伏大，单列不排名",
    check=local.whole(0, 100_000),
    permission=Can.SET,
)
local.declare(
    DEMAND_WORKDAYS,
    title="周通报整改要求的办理时限",
    default=5,
    unit="工作日",
    source="系统默认：自通报周结束起算",
    check=local.whole(1, 60),
    permission=Can.SET,
)
local.declare(
    REVIEW_UNITS,
    title="落后指标分析会上每项指标列出的失分单位数",
    default=3,
    unit="个",
    source="系统默认：失分最多的单位上会",
    check=local.whole(1, 20),
    permission=Can.SET,
)
local.declare(
    RED_BELOW["instant_rate"],
    title="即办率红色预警线",
    default="76.1",
    unit="%",
    source="温州分析口径所见：低于76.1%为红色（另一套口径为87.73%），施行日期未载明",
    check=percent,
    permission=Can.SET,
)
local.declare(
    RED_BELOW["promise_compression_rate"],
    title="承诺时限压缩比红色预警线",
    default="92.5",
    unit="%",
    source="温州分析口径所见：低于92.5%为红色（另一套口径为97.16%），施行日期未载明",
    check=percent,
    permission=Can.SET,
)
