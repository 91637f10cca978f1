"""The county's own numbers for the tablets at the windows (本地规定)."""

from __future__ import annotations

from datetime import date, timedelta

from xinfu.core import local
from xinfu.core.permissions import Can

SECONDS = "ratings.tablet_seconds"
PAIRING = timedelta(minutes=15)
"""How long a pairing link opens."""
PAIRED_DAYS = 400
"""How long a browser keeps a cookie at most; every reload of the page begins anew."""
OFFLINE = timedelta(minutes=3)
"""A tablet reports every minute; after three it is taken for switched off."""
PROLONGED = 11
"""One tap gives the whole time again, up to this many times it in all (WCAG 2.2.1: at least ten prolongations)."""
KEPT = timedelta(days=1)
"""How long an ended request answers its window's system."""

local.declare(
    SECONDS,
    title="窗口平板多久没有操作即为未评价",
    default=60,
    unit="秒",
    source="评价器通行做法：60秒无操作记为未评价（返回码 -2）",
    check=local.whole(30, 300),
    permission=Can.SET_LOCAL_RULES,
)


def wait(day: date) -> timedelta:
    return timedelta(seconds=int(local.on(SECONDS, day).value))
