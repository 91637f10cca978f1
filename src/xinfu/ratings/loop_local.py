"""The county's own numbers for the loop of a bad rating (本地规定)."""

from __future__ import annotations

from datetime import date
from typing import Any

from xinfu.core import local
from xinfu.core.permissions import Can
from xinfu.ratings import terms
from xinfu.ratings.terms import DAY_COUNTS, DayCount, Terms

DAY_COUNT = "ratings.day_kind"
VERIFY_DAYS = "ratings.verify_days"
RECTIFY_DAYS = "ratings.rectify_days"
EXTENSION_DAYS = "ratings.extension_days"
JUDGE_DAYS = "ratings.judge_days"
RESTARTS = "ratings.rejected_appeal"
PAUSES = "ratings.refused_cannot"
WARN_DAYS = "ratings.warn_days"
RAISE_EVERY = "ratings.raise_every"
CALL_TRIES = "ratings.call_tries"
FIRST_JUDGE = "ratings.judge_first"
SECOND_JUDGE = "ratings.judge_second"
_LAW = terms.TERMS[-1]


def unit_name(value: Any) -> str | None:
    if isinstance(value, str) and len(value.strip()) <= 100:
        return None
    return "请填单位的名称、简称或机构编码，没有则留空。"


def _whole(code: str, title: str, default: int, source: str, low: int, high: int, unit: str = "日") -> None:
    local.declare(
        code,
        title=title,
        default=default,
        unit=unit,
        source=source,
        check=local.whole(low, high),
        permission=Can.SET_LOCAL_RULES,
    )


_whole(VERIFY_DAYS, "差评核实回访期限", _LAW.verify_days, _LAW.source, 1, 30)
_whole(RECTIFY_DAYS, "差评整改期限", _LAW.rectify_days, _LAW.source, 1, 60)
_whole(EXTENSION_DAYS, "差评整改延期（一次）最多", _LAW.extension_days, terms.EXTENSION_SOURCE, 1, 60)
_whole(JUDGE_DAYS, "差评申诉、无法整改审核期限", terms.JUDGE_DAYS, terms.JUDGE_SOURCE, 1, 30)
_whole(WARN_DAYS, "差评整改临期提醒：剩余", terms.WARN_DAYS, terms.JUDGE_SOURCE, 0, 15)
_whole(RAISE_EVERY, "差评超期后每隔几日提请再上一级", terms.RAISE_EVERY, terms.JUDGE_SOURCE, 1, 30)
_whole(CALL_TRIES, "差评回访未接通几次后视为已回访", terms.CALL_TRIES, terms.JUDGE_SOURCE, 1, 10, "次")
local.declare(
    DAY_COUNT,
    title="差评期限按工作日或自然日",
    default=DayCount.WORKDAY.value,
    unit="",
    source=terms.DAY_COUNT_SOURCE,
    check=local.one_of({str(code): label for code, label in DAY_COUNTS.items()}),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    RESTARTS,
    title="差评申诉驳回后的整改期限",
    default="restart",
    unit="",
    source="默认值，未见上位规定",
    check=local.one_of({"restart": "自驳回之日起重新计算", "run": "自收到差评之日起连续计算"}),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    PAUSES,
    title="无法整改未获同意后的整改期限",
    default="pause",
    unit="",
    source="默认值，未见上位规定",
    check=local.one_of({"pause": "扣除审核所用的日子", "run": "自收到差评之日起连续计算"}),
    permission=Can.SET_LOCAL_RULES,
)
for _code, _title, _default in (
    (FIRST_JUDGE, "差评审核单位", "考评科"),
    (SECOND_JUDGE, "差评审核单位（承办单位就是前一个时）", "综合科"),
):
    local.declare(
        _code,
        title=_title,
        default=_default,
        unit="",
        source="默认值：由承办单位以外的单位审核；嵊州由信访部门审核",
        check=unit_name,
        permission=Can.SET_LOCAL_RULES,
    )


def terms_on(day: date) -> Terms:
    """Return the days in force on a day, by one query."""
    known, law = local.all_on(day), terms.term_on(day)

    def days(code: str, by_law: int) -> int:
        return by_law if known[code].is_default else int(known[code].value)

    return Terms(
        verify_days=days(VERIFY_DAYS, law.verify_days),
        rectify_days=days(RECTIFY_DAYS, law.rectify_days),
        extension_days=days(EXTENSION_DAYS, law.extension_days),
        judge_days=int(known[JUDGE_DAYS].value),
        count=DayCount(known[DAY_COUNT].value),
        restarts=known[RESTARTS].value == "restart",
        pauses=known[PAUSES].value == "pause",
        warn_days=int(known[WARN_DAYS].value),
        raise_every=int(known[RAISE_EVERY].value),
        call_tries=int(known[CALL_TRIES].value),
    )


def judges_on(day: date) -> tuple[str, str]:
    """Return the names or codes of the two units that judge, first and second."""
    known = local.all_on(day)
    return str(known[FIRST_JUDGE].value), str(known[SECOND_JUDGE].value)


def source_on(code: str, day: date) -> str:
    return local.on(code, day).source
