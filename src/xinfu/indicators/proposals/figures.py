"""The indicators of suggestions as data (hall.md §3.3): counted is what the province adopted."""

from __future__ import annotations

from datetime import date

from xinfu.core.registry import Indicator, Part, indicators, snapshot_views
from xinfu.indicators.proposals import snapshot

SINCE = date(2021, 1, 1)
GRAINS = ("month", "week", "department", "item")
ADOPTED, ADOPTED_IN_CITY = "proposals_adopted", "proposals_adopted_city"
DERIVED = "名称见本机关半年工作总结；计数口径由本地规定"
BY_PROVINCE = "decided_level = 'province'"
COUNTS = "省级采纳的高频涉企事项建议；部分采纳是否计入由本地规定"


def _of_proposals(
    code: str,
    title: str,
    counts: str,
    formula: str,
    *,
    numerator: str,
    denominator: str | None = None,
    dated_by: str = "decided_on",
    base: str = BY_PROVINCE,
    better: str = "up",
) -> Indicator:
    return Indicator(
        code=code, title=title, counts=counts, formula=formula, view="proposals", dated_by=dated_by,
        dated_label="省级答复日" if dated_by == "decided_on" else "首次提交日", numerator=Part(numerator),
        denominator=Part(denominator) if denominator else None, unit="%" if denominator else "件",
        better=better, source=DERIVED, valid_from=SINCE, grains=GRAINS, base=base,
    )  # fmt: skip


INDICATORS = (
    _of_proposals(
        ADOPTED, "有效建议数", f"{COUNTS}；位次为全省排名", "省级采纳的建议数", numerator="is_counted"
    ),
    _of_proposals(
        ADOPTED_IN_CITY, "有效建议数（全市排名）", f"{COUNTS}；与“有效建议数”同数，位次为全市排名",
        "省级采纳的建议数", numerator="is_counted",
    ),
    _of_proposals(
        "proposals_adoption_rate", "建议采纳率", "省级已答复的建议中采纳的比例；县级、市级未上报的不计",
        "省级采纳的建议数 ÷ 省级已作出采纳、部分采纳或不采纳决定的建议数", numerator="is_counted",
        denominator="TRUE",
    ),
    _of_proposals(
        "proposals_handed_in", "建议提交数", "各单位提交的高频涉企事项建议，撤回的不计",
        "已提交且未撤回的建议数", numerator="status <> 'withdrawn'", dated_by="submitted_on", base="",
        better="none",
    ),
)  # fmt: skip


def register() -> None:
    """Register the view and the indicators with the house, once."""
    if snapshot.PROPOSALS.name not in snapshot_views:
        snapshot_views.add(snapshot.PROPOSALS.name, snapshot.PROPOSALS)
    for indicator in INDICATORS:
        if indicator.code not in indicators:
            indicators.add(indicator.code, indicator)
