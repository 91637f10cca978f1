"""The county's own numbers for cases (本地规定)."""

from __future__ import annotations

from datetime import date

from xinfu.cases import rules
from xinfu.core import local
from xinfu.core.permissions import Can

ACCEPT_DAYS = "cases.accept_limit_days"
SOON_WORKDAYS = "cases.soon_workdays"
SOON_PERCENT = "cases.soon_percent"

local.declare(
    ACCEPT_DAYS,
    title="受理时限",
    default=5,
    unit="工作日",
    source=f"{rules.ACCEPT_TERMS[0].source}；本县可定得更短",
    check=local.whole(1, 5),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    SOON_WORKDAYS,
    title="临期提醒：剩余工作日",
    default=rules.SOON_WORKDAYS,
    unit="工作日",
    source=rules.SOON_SOURCE,
    check=local.whole(0, 20),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    SOON_PERCENT,
    title="临期提醒：剩余时限比例",
    default=rules.SOON_PERCENT,
    unit="%",
    source=rules.SOON_SOURCE,
    check=local.whole(0, 100),
    permission=Can.SET_LOCAL_RULES,
)


def accept_days(day: date) -> int:
    return int(local.on(ACCEPT_DAYS, day).value)


def soon(day: date) -> tuple[int, int]:
    """Return (working days, percent) at which a case turns yellow."""
    return int(local.on(SOON_WORKDAYS, day).value), int(local.on(SOON_PERCENT, day).value)
