"""The county's own numbers for assigned items (本地规定)."""

from __future__ import annotations

from datetime import date

from xinfu.assignments.rules import TERMS, Limits
from xinfu.core import local
from xinfu.core.permissions import Can

WARN_DAYS = "assignments.warn_days"
WARN_PROGRESS = "assignments.warn_progress"
RED_DAYS = "assignments.red_days"
_FIRST = TERMS[0]

for _code, _title, _default, _unit, _high in (
    (WARN_DAYS, "交办事项黄灯：距到期不足", _FIRST.warn_days, "自然日", 60),
    (WARN_PROGRESS, "交办事项黄灯：临期时进度低于", _FIRST.warn_progress, "%", 100),
    (RED_DAYS, "交办事项红灯：超期多于", _FIRST.red_days, "自然日", 90),
):
    local.declare(
        _code,
        title=_title,
        default=_default,
        unit=_unit,
        source=_FIRST.source,
        check=local.whole(0, _high),
        permission=Can.SET_LOCAL_RULES,
    )


def limits_on(day: date) -> Limits:
    """Return the numbers in force on a day, by one query."""
    known = local.all_on(day)
    return Limits(int(known[WARN_DAYS].value), int(known[WARN_PROGRESS].value), int(known[RED_DAYS].value))
