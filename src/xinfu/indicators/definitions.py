"""The indicators that ship, as data (hall.md §2.5, §3.1, §3.2). Another county adds its own the same way.

SQL is DuckDB's dialect over the views `cases` and `items`; `$to` is the last day of the period. Every state is read
as of the end of that day: what was finished later was open then.
"""

from __future__ import annotations

from datetime import date

from xinfu.core.registry import Indicator, Part, indicators

LOCAL = "本地规定"
OWN_DAY = date(2023, 1, 1)
REPORT = "新昌县政务服务办公室2023年上半年工作总结"
LICENSING = "《中华人民共和国行政许可法》（2019年修正）"
ITEMS_SOURCE = "浙江省政务服务事项指标测算口径（温州分析口径，基数为依申请事项）"

# The day on which a case was decided on at all: accepted, or refused and returned without acceptance.
DECIDED = "COALESCE(accepted_on, finished_on)"
LATE_FINISH = (
    "((due_kind = 'stated' AND finished_at > due_at) OR (due_kind = 'computed' AND finished_on > due_on))"
)
ON_TIME = (
    "((due_kind = 'stated' AND finished_at <= due_at) OR (due_kind = 'computed' AND finished_on <= due_on))"
)
EARLY = "((due_kind = 'stated' AND finished_at < due_at) OR (due_kind = 'computed' AND finished_on < due_on))"
# Open at the end of `$to`.
OPEN = (
    "((finished_on IS NULL AND state IN ('applied', 'received', 'correction', 'accepted', 'handling', 'suspended'))"
    " OR finished_on > $to)"
)
FINISHED = "(finished_on <= $to AND normal_finish AND due_on IS NOT NULL)"
# A clock that stands still is overdue only where its day had passed before it stopped.
OPEN_OVERDUE = f"({OPEN} AND due_on <= $to AND (paused_on IS NULL OR paused_on > due_on))"

IN_FORCE = "applied AND since <= $to AND (until IS NULL OR until >= $to)"
TIMED = "statutory_workdays IS NOT NULL AND promise_workdays IS NOT NULL"
STILL_VISITED = "(visits_exempt AND NOT zero_visit)"
ITEM_GRAINS = ("department",)


def _received(
    code: str,
    title: str,
    counts: str,
    formula: str,
    numerator: Part,
    denominator: Part | None = None,
    *,
    unit: str = "件",
    better: str = "none",
    source: str = REPORT,
    split: str = "",
    imported_too: bool = False,
) -> Indicator:
    return Indicator(
        code=code,
        title=title,
        counts=counts,
        formula=formula,
        view="cases",
        dated_by="received_on",
        dated_label="收件日",
        numerator=numerator,
        denominator=denominator,
        unit=unit,
        better=better,
        source=source,
        valid_from=OWN_DAY,
        mark=LOCAL,
        split=split,
        imported_too=imported_too,
    )


def _finished(
    code: str,
    title: str,
    counts: str,
    formula: str,
    numerator: Part,
    denominator: Part,
    unit: str,
    better: str,
) -> Indicator:
    return Indicator(
        code=code,
        title=title,
        counts=counts,
        formula=formula,
        view="cases",
        dated_by="finished_on",
        dated_label="办结日",
        numerator=numerator,
        denominator=denominator,
        unit=unit,
        better=better,
        source=f"{LICENSING}第八十二条：期限以工作日计；计数口径由本地规定",
        valid_from=OWN_DAY,
        mark=LOCAL,
    )


def _item(
    code: str,
    title: str,
    counts: str,
    formula: str,
    numerator: Part,
    denominator: Part,
    *,
    unit: str = "%",
    better: str = "up",
) -> Indicator:
    return Indicator(
        code=code,
        title=title,
        counts=counts,
        formula=formula,
        view="items",
        dated_by="",
        dated_label="期末在用版本",
        numerator=numerator,
        denominator=denominator,
        unit=unit,
        better=better,
        source=ITEMS_SOURCE,
        valid_from=OWN_DAY,
        mark=LOCAL,
        grains=ITEM_GRAINS,
        base=IN_FORCE,
        imported_too=True,
    )


CASES = (
    _received(
        "cases_total",
        "办件总量",
        "期内收件的全部办件，各渠道、各系统合计",
        "收件日在期内的办件数",
        Part("TRUE"),
    ),
    _received(
        "cases_unified",
        "2.0平台办件量",
        "期内经政务服务2.0平台收件的办件",
        "收件日在期内、经2.0平台收件的办件数",
        Part("unified"),
    ),
    _received(
        "one_net_rate",
        "一网通办率",
        "2.0事项的办件中，经2.0平台收件的比例；平台以外办理的（体外循环）计入分母",
        "经2.0平台收件的2.0事项办件数 ÷ 全部2.0事项办件数",
        Part("unified AND unified_item"),
        Part("unified_item"),
        unit="%",
        better="up",
        source="省级公式未公开；按公开报道“以办件计、含体外循环”推定，官方数值另行导入并列显示",
        imported_too=True,
    ),
    _received(
        "late_acceptance_rate",
        "超期受理率",
        "收件后超过受理时限才作出受理或不予受理决定，或到期末仍未决定的办件占收件的比例",
        "超期受理件数 ÷ 期内收件数；期末次日以后的决定视为尚未作出",
        Part(f"accept_due_on <= $to AND ({DECIDED} IS NULL OR {DECIDED} > accept_due_on)"),
        Part("TRUE"),
        unit="%",
        better="down",
        source=f"{LICENSING}第三十二条：五个工作日；比例口径由本地规定",
        imported_too=True,
    ),
    Indicator(
        code="late_finish_rate",
        title="超期办结率",
        counts="超过承诺到期日（已按停钟顺延）才办结，或到期末已超期仍未办结的办件所占比例；正在停钟的不算超期",
        formula="（超期办结件数＋期末超期未办结件数）÷（正常办结且有到期日的件数＋期末超期未办结件数）",
        view="cases",
        dated_by="CASE WHEN finished_on <= $to THEN finished_on ELSE due_on END",
        dated_label="办结日；期末未办结的按到期日",
        numerator=Part(f"({FINISHED} AND {LATE_FINISH}) OR {OPEN_OVERDUE}"),
        denominator=Part(f"{FINISHED} OR {OPEN_OVERDUE}"),
        unit="%",
        better="down",
        source=f"{LICENSING}第四十二条；计数口径由本地规定",
        valid_from=OWN_DAY,
        mark=LOCAL,
        imported_too=True,
    ),
    _finished(
        "on_time_rate",
        "按时办结率",
        "期内正常办结的办件中，在到期之时或之前办结的比例",
        "到期时（含）以前办结件数 ÷ 正常办结且有到期日的件数",
        Part(f"normal_finish AND due_on IS NOT NULL AND {ON_TIME}"),
        Part("normal_finish AND due_on IS NOT NULL"),
        "%",
        "up",
    ),
    _finished(
        "early_finish_rate",
        "提前办结率",
        "期内正常办结的办件中，在到期之前办结的比例",
        "到期前办结件数 ÷ 正常办结且有到期日的件数",
        Part(f"normal_finish AND due_on IS NOT NULL AND {EARLY}"),
        Part("normal_finish AND due_on IS NOT NULL"),
        "%",
        "up",
    ),
    _finished(
        "mean_handling_days",
        "平均办理用时",
        "期内正常办结的办件，自受理至办结的工作日（扣除停钟）平均数；时间矛盾的办件不计",
        "办理工作日合计 ÷ 件数",
        Part("normal_finish AND clock_ok AND handling_days IS NOT NULL", "handling_days"),
        Part("normal_finish AND clock_ok AND handling_days IS NOT NULL"),
        "工作日",
        "down",
    ),
    _received(
        "channel_share",
        "办件渠道占比",
        "期内收件中各申报来源所占比例",
        "某一渠道的收件数 ÷ 全部收件数",
        Part("TRUE"),
        Part("TRUE"),
        unit="%",
        source="GB/T 39046-2020 附录A.5 申报来源",
        split="channel",
    ),
)

ITEMS = (
    _item(
        "online_available_rate",
        "网上可办率",
        "期末在用的依申请事项中，可网上办理的比例；不适宜网上办理的视为已办到",
        "（有网办地址或不适宜网办的事项数）÷ 全部事项数",
        Part("online_url_given OR online_exempt"),
        Part("TRUE"),
    ),
    _item(
        "mobile_available_rate",
        "掌上可办率",
        "期末在用的依申请事项中，可在移动端办理的比例；不适宜掌上办理的视为已办到",
        "（有移动端地址或不适宜掌办的事项数）÷ 全部事项数",
        Part("mobile_url_given OR mobile_exempt"),
        Part("TRUE"),
    ),
    _item(
        "instant_rate",
        "即办率",
        "期末在用的依申请事项中，承诺时限为零（即时办结）的比例",
        "承诺时限为0的事项数 ÷ 全部事项数",
        Part("promise_workdays = 0"),
        Part("TRUE"),
    ),
    _item(
        "promise_compression_rate",
        "承诺时限压缩比",
        "承诺时限比法定时限压缩的比例，折算为工作日；法定或承诺无期限的事项不计",
        "（法定工作日合计－承诺工作日合计）÷ 法定工作日合计",
        Part(TIMED, "statutory_workdays - promise_workdays"),
        Part(TIMED, "statutory_workdays"),
    ),
    _item(
        "zero_visit_rate",
        "跑零次率",
        "期末在用的依申请事项中，办事人不必到现场的比例；不宜跑零次且仍须到场的不计",
        "跑零次的事项数（到现场次数为0，本地规定可计网办深度）÷（全部事项数－不宜跑零次且仍须到场的事项数）",
        Part("zero_visit"),
        Part(f"NOT {STILL_VISITED}"),
    ),
    _item(
        "mean_visits",
        "平均跑动次数",
        "期末在用的依申请事项到现场次数的平均数；未填报次数的事项不计",
        "到现场次数合计 ÷ 填报次数的事项数",
        Part("visits IS NOT NULL", "visits"),
        Part("visits IS NOT NULL"),
        unit="次",
        better="down",
    ),
)

KEY = ("one_net_rate", "late_acceptance_rate", "late_finish_rate", "on_time_rate", "mean_handling_days")


def register() -> None:
    for indicator in CASES + ITEMS:
        if indicator.code not in indicators:
            indicators.add(indicator.code, indicator)
