"""The county's own numbers for the ways in to a rating (本地规定)."""

from __future__ import annotations

from datetime import date

from xinfu.core import local
from xinfu.core.permissions import Can
from xinfu.ratings.models import Stage

LOCAL_PAGES = "ratings.local_pages"
STAGES = "ratings.stages"
TRIES = "ratings.tries_an_hour"
LINK_DAYS = "ratings.link_days"

local.declare(
    LOCAL_PAGES,
    title="本地评价页面",
    default="on",
    unit="",
    source="默认值：由省里统一采集评价的县关闭本地页面",
    check=local.one_of({"on": "开放", "off": "关闭，由省平台采集"}),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    STAGES,
    title="哪些环节可以评价",
    default="2",
    unit="",
    source="默认值：办结后评价，各地不一",
    check=local.one_of({"2": "办结", "12": "受理、办结", "012": "接件、受理、办结"}),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    TRIES,
    title="同一网络地址一小时内最多提交评价",
    default=120,
    unit="次",
    source="默认值：大厅内多人共用一个网络地址",
    check=local.whole(5, 5000),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    LINK_DAYS,
    title="评价链接自出具之日起有效",
    default=30,
    unit="天",
    source="默认值：未见上位规定",
    check=local.whole(1, 366),
    permission=Can.SET_LOCAL_RULES,
)


def link_days(day: date) -> int:
    return int(local.on(LINK_DAYS, day).value)


def has_local_pages(day: date) -> bool:
    """Tell whether people rate on this county's own pages."""
    return bool(local.on(LOCAL_PAGES, day).value == "on")


def stages_on(day: date) -> frozenset[str]:
    """Return the stages of a case that may be rated."""
    return frozenset(str(Stage(code)) for code in str(local.on(STAGES, day).value))


def tries_an_hour(day: date) -> int:
    return int(local.on(TRIES, day).value)
