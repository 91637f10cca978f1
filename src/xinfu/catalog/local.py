"""本地规定 of the catalogue: conversions and readings that no national rule fixes."""

from __future__ import annotations

from datetime import date

from xinfu.catalog.rules import Rates
from xinfu.core import local
from xinfu.core.permissions import Can

ANALYST = "浙江省政务服务事项指标测算口径（温州分析口径）"
VENDOR = "审批系统厂商口径：网上办理深度 5—7 视为零跑动"

local.declare(
    "catalog.month_workdays",
    title="时限折算：1个月折合工作日",
    default=22,
    unit="工作日",
    source=f"{ANALYST}：月＝22",
    check=local.whole(1, 31),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    "catalog.year_workdays",
    title="时限折算：1年折合工作日",
    default=250,
    unit="工作日",
    source=f"{ANALYST}：年＝250（另一份口径为253）",
    check=local.whole(1, 366),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    "catalog.week_workdays",
    title="时限折算：7个自然日折合工作日",
    default=5,
    unit="工作日",
    source="本系统推定：每周5个工作日，不足一日进为一日",
    check=local.whole(1, 7),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    "catalog.depth_counts_as_zero_visit",
    title="网上办理深度5—7是否视为跑零次",
    default="no",
    unit="",
    source=f"默认只看到现场次数；{VENDOR}",
    check=local.one_of({"no": "不视为", "yes": "视为"}),
    permission=Can.SET_LOCAL_RULES,
)
CODES = (
    "catalog.month_workdays",
    "catalog.year_workdays",
    "catalog.week_workdays",
    "catalog.depth_counts_as_zero_visit",
)


def rates_on(day: date) -> Rates:
    """Return how limits are turned into working days on a day."""
    month, year, week = (int(local.on(code, day).value) for code in CODES[:3])
    return Rates(month=month, year=year, week=week)


def depth_counts_on(day: date) -> bool:
    return bool(local.on("catalog.depth_counts_as_zero_visit", day).value == "yes")
