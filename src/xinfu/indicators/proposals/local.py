"""本地规定 of suggestions: how long the county may take, and whether a partly adopted one counts."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from xinfu.core import holidays, local
from xinfu.core.permissions import Can
from xinfu.indicators.flow import ProposalStatus

COUNTY_DAYS = "proposals.county_days"
WARN_DAYS = "proposals.warn_days"
PARTLY_COUNTS = "proposals.partly_counts"
DEFAULT = "默认值，未见上位规定"

local.declare(
    COUNTY_DAYS,
    title="高频涉企事项建议的县级审核期限",
    default=5,
    unit="工作日",
    source=DEFAULT,
    check=local.whole(1, 60),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    WARN_DAYS,
    title="高频涉企事项建议县级审核临期提醒：提前",
    default=1,
    unit="工作日",
    source=DEFAULT,
    check=local.whole(0, 30),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    PARTLY_COUNTS,
    title="“部分采纳”是否计入有效建议数",
    default="no",
    unit="",
    source="默认值：只见“采纳”计数的说法，部分采纳未见规定",
    check=local.one_of({"yes": "计入", "no": "不计入"}),
    permission=Can.SET_LOCAL_RULES,
)


def county_due_on(handed_in_on: date) -> date:
    """Return the last day of the county's review of what was handed in on a day (day 0)."""
    return holidays.calendar().due_on(handed_in_on, int(local.on(COUNTY_DAYS, handed_in_on).value))


class Light(StrEnum):
    OK = "ok"
    SOON = "warn"
    LATE = "bad"
    NONE = "none"


def light(status: str, due_on: date | None, today: date, warn_from: date) -> Light:
    """Return the light of the county's review; no other state has a term. `warn_from`: due until then is soon."""
    if status != ProposalStatus.COUNTY or due_on is None:
        return Light.NONE
    return Light.LATE if due_on < today else Light.SOON if due_on <= warn_from else Light.OK


def warn_from(today: date) -> date:
    """Return the day up to which a due day is near, seen from today."""
    return holidays.calendar().due_on(today, int(local.on(WARN_DAYS, today).value))
